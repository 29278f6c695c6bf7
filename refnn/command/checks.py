"""Run verify: compute, print and return the exit status."""

from refnn import article, console
from refnn.checking.plane.digits import ratio
from refnn.checking.worked_example import check
from refnn.command import tables, tables_verify
from refnn.command.values import Misused, whole
from refnn.experiments import errata, wording
from refnn.validation import words_of


def verify_command(options):
    """Judge whether printed numbers follow from their formulas."""
    for chosen, command in ((options.published, _published), (options.findings, _findings)):
        if chosen:
            return command(options)
    if options.levels is not None and options.file is None:
        raise Misused("--levels goes with FILE")
    example = article.example() if options.file is None else _example(options)
    try:
        verdicts = check(example)
    except (ValueError, TypeError) as error:
        raise Misused(f"{_named(options.file)}: {words_of(error)}") from None
    if options.json:
        data = tables_verify.verdicts_data(example, verdicts)
        data += [_as_verdict(s) for s in wording.statements()] if options.file is None else []
        console.say_json(data, default=_number)
    elif options.file is not None:
        console.say(tables_verify.verdicts_text(example, verdicts))
    else:
        console.say("The article's printed tensors, judged with exact fractions (P = 8)\n")
        console.say(tables.article_text(verdicts))
        console.say("\nWhat is wrong with the article (all numbers were computed just now)\n")
        console.say(tables.findings_text(errata.findings()))
        console.say("\n" + console.wrap(errata.ELSEWHERE))
        console.say("\nWhat the article says in words (§1, §2, §5, §6)\n")
        console.say(tables.statements_text(wording.statements()))
    return 0 if all(v.holds for v in verdicts) else 1


def _as_verdict(statement):
    """Return a statement of the article in words with the keys of a Verdict."""
    return {
        "claim": f"§{statement.section} {statement.says}",
        "printed": None,
        "computed": None,
        "holds": statement.status == "as printed",
        "reason": f"{statement.verdict}. {statement.number}",
        "status": statement.status,
    }


def _named(file):
    """Return the name of a source for a message."""
    return {None: "the article", "-": "the input"}.get(file, file)


def _number(value):
    """Return a Fraction for JSON: a whole number as itself, any other as a text such as 1/3."""
    return int(value) if value.denominator == 1 else ratio(value)


def _findings(options):
    if options.file is not None or options.levels is not None:
        raise Misused("--findings takes no FILE and no --levels")
    found = errata.findings()
    if options.json:
        console.say_json([f._asdict() for f in found])
    else:
        console.say(f"{tables.findings_text(found)}\n\n{console.wrap(errata.ELSEWHERE)}")
    return 0


def _published(options):
    from refnn.checking import published  # only here: it compiles the slips of every vector
    from refnn.command import tables_published

    if options.file is not None or options.levels is not None:
        raise Misused("--published takes no FILE and no --levels")
    found, shown = published.run(), published.exhibits()
    if options.json:
        console.say_json(tables_published.as_data(found, shown))
    else:
        console.say(tables_published.vectors_text(found))
        console.say("\n" + tables_published.museum_text(shown))
    return 0 if all(r.passed for r in found) and all(s.holds for s in shown) else 1


def _example(options):
    from refnn.checking.reading.files import read  # only here: it compiles all its patterns

    given = options.levels
    levels = None if given is None else whole("--levels", given, 1, 10**15 - 1)
    return read(options.file, levels)
