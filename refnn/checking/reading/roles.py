"""This module finds from the words beside numbers what they are: values, codes, decoded values.

The words may be a name (W, q, x_hat, Q(W)), the head of a column or a part of a sentence, in
English or Chinese. The base of a name is what is left of it without the word for its role:
w1_q holds the codes of w1."""

import re
import unicodedata

X, CODES, DECODED, OTHER = "x", "codes", "decoded", "other"
# fmt: off
DECODED_WORDS = frozenset("""dequantized dequantised dequantize dequantise dequantizes
    dequantization dequantisation dequant deq dq decoded decode decodes reconstructed
    reconstruction reconstruct recon rec recovered restored hat approximated
    approximation xhat xdq wdq xr""".split())
CODES_WORDS = frozenset("""quantized quantised quantizes quantises quant q codes code int integer
    integers quantizedvalues xq wq qx qw xint wint int8s encoded qvalues qvals""".split())
OTHER_WORDS = frozenset("""error errors err diff difference differences residual loss mse mae rmse
    noise rounded scaled clipped clamped shifted divided unclipped gradient gradients grad mask
    scale scales zero zp zps zeros point points bits range bins index shape size count step steps
    min max mean std norm axis levels level tilde bar output y""".split())
X_WORDS = frozenset("""x original orig originals value values weight weights real reals float floats
    fp input inputs tensor vector array matrix data activation activations number numbers parameter
    parameters params w list unquantized entries elements bias biases""".split())
FILLERS = frozenset("""is are was were be the a an then and so to by as in of for with we get gives
    give becomes become obtain result results this these that it following at from
    on""".split())
CHINESE = (
    (OTHER, ("误差", "差值", "残差", "掩码", "梯度", "缩放", "零点", "比例", "步长")),
    (DECODED, ("反量化", "解量化", "去量化", "解码", "还原", "恢复", "重构", "重建", "近似")),
    (X, ("待量化", "量化前", "未量化", "原始", "原值")),
    (CODES, ("量化", "编码", "整数", "整型")),
    (X, ("权重", "输入", "浮点", "实数", "张量", "参数", "数据", "数值", "矩阵", "向量", "数组")),
)
# fmt: on
BEFORE = re.compile(
    r"\bto be quanti[sz]ed|\b(?:before|for|prior to) quanti[sz](?:ation|ing)|\bun-?quanti[sz]ed"
    r"|\b(?:non-|not )quanti[sz]ed|\bfull[- ]precision"
)
AFTERWARDS = re.compile(r"\bafter quanti[sz](?:ation|ing)|\bquanti[sz]ation (?:results?|output)")
NAME = re.compile(r"[^\W\d_][\w\u0302]{0,40}'?")
OF = re.compile(r"(?:quanti[sz]e|dequanti[sz]e|encode|decode|Q|q) ?\( ?([A-Za-z]\w{0,40}) ?\)")
HAT, CAMEL = re.compile(r"\u0302"), re.compile(r"(?<=[a-z])(?=[A-Z])")
CLAUSE = re.compile(r"[,;，；、]|\. |\n\n|[。!?！？]")
EXPRESSION = re.compile(r"[-+*/^<>≈]|round|clip|clamp|floor|ceil")
SCALES, OFFSETS = r"(?:scale|s|S|Δ)\w{0,10}", r"(?:zero_point|zp|z|Z)\w{0,10}"
DEQUANTIZES = re.compile(
    rf"{SCALES} ?\*? ?\( ?[qQ][\w.()]{{0,30}} ?- ?{OFFSETS} ?\)"
    rf"|\( ?[qQ][\w.()]{{0,30}} ?- ?{OFFSETS} ?\) ?\* ?{SCALES}"
)
QUANTIZES = re.compile(r"(?:np\.|torch\.)?(?:clip|clamp)\((?:np\.|torch\.)?(?:round|rint)\(")
OPERATION = re.compile(r"\w ?[*/^+] ?\w|[\w)] - \w|(?:round|clip|clamp|floor)\(")


def of_name(name):
    """Return (role, base) of a name.

    >>> of_name("w1_q"), of_name("Q(W_ih)"), of_name("hat_b"), of_name("V")
    (('codes', 'w1'), ('codes', 'W_ih'), ('decoded', 'b'), ('x', 'V'))
    """
    if called := OF.fullmatch(name):
        role = DECODED if name.startswith("de") else CODES
        return role, "" if called[1] in ("q", "Q") else called[1]
    name = HAT.sub("_hat", unicodedata.normalize("NFD", name))
    if name.endswith("'"):
        return DECODED, name[:-1]
    parts = [part for part in CAMEL.sub("_", name).split("_") if part]
    roles = [_of_part(part) for part in parts]
    for role in (DECODED, CODES):
        if role in roles:
            left = [
                p for p, r in zip(parts, roles) if r not in (DECODED, CODES) and p != "original"
            ]
            return role, "_".join(part for part in left if not part.isdigit())
    if any(r == OTHER and (len(p) > 1 or len(parts) == 1) for p, r in zip(parts, roles)):
        return OTHER, ""
    left = [part for part in parts if part.lower() not in ("orig", "original", "float", "fp32")]
    return X, "_".join(left)


def _of_part(part):
    """Return the role of a part of a name, such as q in x_q, or ""."""
    word = re.sub(r"\d{1,3}$", "", part.lower())
    for role, words in ((DECODED, DECODED_WORDS), (CODES, CODES_WORDS), (OTHER, OTHER_WORDS)):
        if word in words or part.lower() in words:
            return CODES if role == OTHER and word in ("uint", "qint") else role
    return CODES if word in ("uint", "qint", "quint") else ""


def of_words(text):
    """Return the role that words give, or "".

    >>> of_words("Dequantized (FP32)"), of_words("The weights to be quantized"), of_words("量化后")
    ('decoded', 'x', 'codes')
    """
    lower = HAT.sub("_hat ", unicodedata.normalize("NFD", text).lower())
    lower = AFTERWARDS.sub(" quantized ", BEFORE.sub(" original ", lower))
    for role, words in CHINESE:
        if any(word in lower for word in words):
            return role
    said = set(re.findall(r"[a-z]+", lower))
    if said & {"error", "errors", "err", "difference", "differences", "diff", "mse", "residual"}:
        return OTHER
    if "original" in said and not said & DECODED_WORDS:
        return X
    for role, words in ((DECODED, DECODED_WORDS), (CODES, CODES_WORDS)):
        if said & words:
            return role
    if said & OTHER_WORDS:
        return OTHER
    return X if said & X_WORDS else ""


def of_label(label):
    """Return (role, base) of numbers by the text that stands before them.

    A name before the last "=" counts most, then the last clause, then the sentence. The role is ""
    if nothing says what the numbers are, and "other" if they are something else, such as an error.

    >>> of_label("The codes are q = clip(round(x/S), 0, 15) ="), of_label("where x is")
    (('codes', ''), ('x', ''))
    >>> of_label("with a scale of 2, it gives"), of_label("x / scale =")
    (('', ''), ('other', ''))
    """
    text = label.strip().rstrip(":").rstrip("* ")
    if text.endswith(("=", "≈")):
        return _of_equation(text.rstrip("=≈: "))
    if DEQUANTIZES.fullmatch(text):
        return DECODED, ""
    if QUANTIZES.match(text):
        return CODES, ""
    sentence = re.split(r"\. |[。!?！？]", text)[-1]
    clause = CLAUSE.split(sentence)[-1].strip()
    if OF.fullmatch(clause):
        return _of_single(clause)
    if NAME.fullmatch(clause) and (len(clause) < 3 or of_words(clause)):
        role, base = _of_single(clause)
        return role, base if clause.isascii() or len(clause) < 3 else ""  # 权重为 is no name
    if OPERATION.search(clause):
        return OTHER, ""
    role = of_words(clause)
    if not role and not is_filler(clause):
        return "", ""
    if not role and clause != sentence:
        role = of_words(sentence).replace(OTHER, "")
    return role, ""


def _of_equation(text):
    """Return (role, base) of what stands to the right of a text and "="."""
    parts = [part.strip() for part in re.split(r"[=≈]", text)]
    for part in reversed(parts):
        clause = CLAUSE.split(part)[-1].strip()
        called = [one for one in OF.finditer(clause) if one.end() == len(clause)]
        if called and not EXPRESSION.search(clause[: called[0].start()]):
            return of_name(called[0][0])
        words = clause.rsplit(": ", 1)[-1].split(" ")
        if EXPRESSION.search(clause) or not NAME.fullmatch(words[-1]):
            continue
        role, base = _of_single(words[-1])
        said = of_words(" ".join(words[:-1]))
        if role == X and said in (DECODED, CODES):
            return said, base
        return role, base
    return OTHER, ""


def _of_single(name):
    """Return (role, base) of one word, which may be a common noun."""
    role, base = of_name(name)
    said = of_words(name)
    if role == X and (said in (CODES, DECODED) or (said == OTHER and "_" not in name)):
        return said, ""
    return role, "" if role == X and len(name) > 1 and name.lower() in X_WORDS else base


def is_filler(text):
    """Return True for words that say nothing of numbers, such as "then we get".

    >>> is_filler("this gives"), is_filler("see also")
    (True, False)
    """
    return set(re.findall(r"[a-z]+", text.lower())) <= FILLERS and not re.search(r"\d", text)
