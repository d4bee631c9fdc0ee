"""The pages about changeover.yml: its keys, and the strategies with their options."""

from shapes import keys_table, sections, values
from words import doc, page, prose

from changeover.interfaces import registry
from changeover.interfaces.config.settings import settings_record
from changeover.interfaces.config.strategies import options_record


def configuration_page() -> str:
    record = settings_record()
    return page(
        "Configuration",
        "What may stand in `changeover.yml`. `changeover check` names every problem with its "
        "place. Editors find the same as JSON Schema in "
        "[changeover.schema.json](../../schema/changeover.schema.json).",
        "Every key may stand again under `environments.NAME`, for what differs there. Mappings "
        "are merged; lists and values replace; `~` takes a setting away.",
        "## Keys",
        keys_table(record),
        "## Parts",
        *sections(record, told={record.cls}),
        "## Values",
        values(record),
    )


def strategies_page() -> str:
    strategies = {name: registry.load("strategy", name) for name in registry.names("strategy")}
    records = {name: options_record(strategy) for name, strategy in strategies.items()}
    told = {record.cls for record in records.values()}
    chapters = []
    for name, record in records.items():
        chapters += [f"## {name}", doc(strategies[name]), prose(record.cls), keys_table(record)]
    inner = [part for record in records.values() for part in sections(record, told=told)]
    return page(
        "Strategies and gates",
        "A strategy turns a change into a plan. It is named under `strategy` in `changeover.yml`: "
        "alone (`strategy: rolling`), or as `kind` beside its options.",
        *chapters,
        "## Parts",
        *inner,
        "## Values",
        values(*records.values()),
    )
