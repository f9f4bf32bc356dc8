"""The keys of the evaluation."""

from __future__ import annotations

from tui.keys.key import Key

EVALUATION: tuple[Key, ...] = (
    Key(
        key="v",
        action="app.measure",
        label="Measure again",
        context="evaluation",
        palette=False,
        tooltip="Measure once more what was measured last",
    ),
    Key(
        key="f",
        action="app.other_pictures",
        label="Others",
        context="evaluation",
        palette=False,
        tooltip="Measure on other probes, strangers or FPIR",
    ),
    Key(
        key="w",
        action="app.write_report",
        label="Report",
        context="evaluation",
        palette=False,
        tooltip="Measure again and write the HTML report",
    ),
    Key(
        key="x",
        action="app.stop_evaluation",
        label="Stop",
        context="evaluation",
        palette=False,
        tooltip="Give the running evaluation up",
    ),
    *(
        Key(
            key=str(number),
            action=f"show_part('{part}')",
            label=label,
            context="evaluation",
            footer=False,
            palette=False,
            tooltip=tooltip,
        )
        for number, (part, label, tooltip) in enumerate(
            (
                ("overview", "Overview", "Go to the figures and their bounds"),
                ("persons", "People", "Go to the figures of each person and session"),
                ("confusion", "Confusion", "Go to the matrix of who was named whom"),
                ("curve", "Curve", "Go to the curve of TPIR over FPIR"),
                ("doubtful", "Doubtful", "Go to leakage, warnings and doubtful pictures"),
            ),
            1,
        )
    ),
    Key(
        key="f1",
        action="app.help",
        label="Help",
        display="F1",
        context="evaluation",
        palette=False,
        tooltip="Show every key, those of this screen first",
    ),
    Key(
        key="escape",
        action="back",
        label="Back",
        display="esc",
        context="evaluation",
        palette=False,
        tooltip="Back to the desk; what is running goes on",
    ),
)
