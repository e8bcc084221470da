/* The page: what came out first, then how, then with which parameters. Nothing of it is outside of
 * the file. */
#include "scenario/report.h"

#include "scenario/report_private.h"

static const char style[] =
    "<style>\n"
    "body{font:15px/1.45 system-ui,sans-serif;color:#1e293b;background:#fff;margin:24px auto;"
    "max-width:1290px;padding:0 16px}\n"
    "h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:30px 0 8px;border-bottom:1px solid "
    "#e2e8f0;padding-bottom:4px}\n"
    ".small{color:#64748b;font-size:13px}code{background:#f1f5f9;padding:2px 6px;border-radius:4px}"
    "\n"
    ".verdict{display:inline-block;padding:3px 12px;border-radius:12px;font-weight:600}\n"
    ".good{background:#dcfce7;color:#166534}.bad{background:#fee2e2;color:#991b1b}\n"
    ".cards{display:flex;flex-wrap:wrap;gap:10px;margin:16px 0}\n"
    ".card{border:1px solid #e2e8f0;border-radius:8px;padding:7px 10px;flex:1 1 "
    "72px;max-width:130px}\n"
    ".card b{display:block;font-size:18px;white-space:nowrap}.card "
    "span{color:#64748b;font-size:12px}\n"
    "table{border-collapse:collapse;font-size:13px}td:not(:last-child),td.n{white-space:nowrap}td,"
    "th{"
    "padding:3px "
    "10px;border-bottom:1px solid "
    "#eef2f6;text-align:left}th{color:#64748b;font-weight:600}\n"
    ".n{text-align:right;font-variant-numeric:tabular-nums}\n"
    "tr.sum td{font-weight:600;border-top:2px solid #cbd5e1}\n"
    "tr.o2 td:nth-child(4){color:#b45309;font-weight:600}tr.o3 td:nth-child(4){color:#b91c1c;"
    "font-weight:600}\n"
    "tr.differs td,tr.changed td{font-weight:600}\n"
    "details{margin:14px 0}summary{cursor:pointer;font-weight:600}\n"
    "table.events{margin-top:8px}tr.fault td{color:#b91c1c}tr.over td{color:#64748b}\n"
    "pre.names{column-width:200px;font-size:12px;margin:8px 0}\n"
    ".wide{overflow-x:auto}svg{display:block;max-width:none}svg text{font:11px system-ui,"
    "sans-serif;fill:#334155}\n"
    ".window{fill:#f8fafc}rect.fold{fill:#fff}text.fold{fill:#94a3b8;text-anchor:middle;font-size:"
    "10px}\n"
    "line.tick{stroke:#e2e8f0}text.tick{fill:#64748b;text-anchor:middle}\n"
    "line.rack{stroke:#e2e8f0}text.rack,text.host{fill:#64748b}text.host{text-anchor:end}text.vat{"
    "text-anchor:end;"
    "font-weight:600}\n"
    "rect.e{fill:#7fb0de;stroke:#fff;stroke-width:.6}rect.e.odd{fill:#a9cbea}\n"
    "rect.e.dead{fill:#a8a8a8}rect.e.open{fill:#dcdcdc}\n"
    "line.down{stroke:#dc2626;stroke-dasharray:2 3}text.moved{fill:#fff;font-size:10px;"
    "font-weight:600;paint-order:stroke;stroke:#1e3a5f;stroke-width:2.5px}\n"
    "line.m{stroke:#475569;stroke-opacity:.22;stroke-width:.8}line.m.dead{stroke:#dc2626;"
    "stroke-opacity:.65}\n"
    "path.cut{fill:none;stroke:#ea580c;stroke-width:2.5;stroke-linejoin:round}\n"
    "path.notice{fill:#facc15;stroke:#713f12}\n"
    "line.fault{stroke:#b91c1c}text.fault{fill:#b91c1c;font-weight:600}\n"
    "line.over{stroke:#94a3b8;stroke-dasharray:3 3}text.over{fill:#64748b}\n"
    "line.decides{stroke:#ea580c;stroke-dasharray:1 3}text.decides{fill:#c2410c;font-weight:600}\n"
    ".key{font-size:13px;color:#475569}.k{display:inline-block;width:16px;height:11px;margin:0 5px "
    "0 14px;vertical-align:-1px}.k:first-child{margin-left:0}\n"
    ".k.e{background:#7fb0de}.k.odd{background:#a9cbea;margin-left:0}.k.dead{background:#a8a8a8}"
    ".k.open{background:#dcdcdc}\n"
    ".k.cut{height:3px;background:#ea580c;vertical-align:3px}.k.down{height:0;border-top:2px "
    "dashed #dc2626;vertical-align:4px}\n"
    ".k.note{width:9px;height:9px;background:#facc15;border:1px solid #713f12;transform:"
    "rotate(45deg)}.k.line{height:1px;background:#94a3b8;vertical-align:4px}"
    ".k.deadline{height:1px;background:#dc2626;vertical-align:4px}\n"
    ".round{display:grid;grid-template-columns:310px 1fr 540px;gap:14px;align-items:center;margin:"
    "5px 0}@media(max-width:1100px){.round{grid-template-columns:1fr;gap:4px;margin:5px 0 "
    "14px}}.track{background:#f1f5f9;border-radius:4px}.bar{display:flex;height:18px;"
    "border-radius:4px;overflow:hidden;min-width:12px}.part{min-width:2px}.parts{display:flex;"
    "flex-wrap:wrap;font-size:13px}.parts span{margin-right:12px}.parts .k{margin-left:0}\n"
    ".detect{background:#f59e0b}.decide{background:#3b82f6}.restore{background:#10b981}.tell{"
    "background:#8b5cf6}\n"
    ".zone{margin:6px 0}.zone b{display:inline-block;width:40px;color:#64748b}.tile{display:"
    "inline-block;font-size:10px;line-height:1.2;text-align:center;background:#eef2f6;"
    "border-radius:4px;padding:4px 6px;margin:2px;min-width:34px}\n"
    ".o3{background:#fca5a5}.o2{background:#fdba74}.o1{background:#a7f3d0}.ot{background:#fde68a}"
    ".k.o0{background:#eef2f6}tr.o1,tr.o2,tr.o3{background:none}\n"
    "</style>\n";

static void add_verdict(struct report *report)
{
    char line[640];
    struct mn_text *text = report->text;
    bool kept = outcome_kept(report->scenario, report->facts, 1) == 1;
    mn_text_add_format(text, "<p><span class=\"verdict %s\">%s</span></p>\n", kept ? "good" : "bad",
                       kept ? "as promised" : "not as promised");
    mn_text_add(text, kept ? "" : "<ul>\n");
    for (size_t i = 0; scenario_broken(report->scenario, report->facts, i, line, sizeof line);
         i++) {
        mn_text_add(text, "<li>");
        report_add(text, line);
        mn_text_add(text, "</li>\n");
    }
    mn_text_add(text, kept ? "" : "</ul>\n");
}

static void add_head(struct report *report)
{
    struct mn_text *text = report->text;
    mn_text_add(text, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                      "<meta name=\"viewport\" content=\"width=device-width\"><title>");
    report_add(text, report->scenario->name);
    mn_text_add(text, "</title>\n");
    mn_text_add(text, style);
    mn_text_add(text, "</head><body>\n<h1>");
    report_add(text, report->scenario->name);
    mn_text_add(text, "</h1>\n<p class=\"small\">");
    mn_text_add_format(text,
                       "%u zones, %u racks, %u hosts, %u vats; %.1f s simulated; again: "
                       "<code>mneme simulate ",
                       report->tree->zone_count, report->tree->rack_count, report->tree->host_count,
                       report->tree->vat_count, (double)report->facts->values[FACT_ended_ms] / 1e3);
    report_add(text, report->scenario->path);
    mn_text_add_format(text, " --seed %lld</code></p>\n", (long long)report->facts->seed);
    add_verdict(report);
    mn_text_add(text, "<p>");
    report_add(text, report->scenario->text);
    mn_text_add(text, "</p>\n");
}

static void add_card(struct report *report, enum fact fact, const char *word)
{
    int64_t value = report->facts->values[fact];
    mn_text_add_format(report->text, "<div class=\"card\" title=\"%s\"><b>", fact_text(fact));
    if (fact_is_time(fact)) {
        report_add_ms(report->text, value);
    } else {
        mn_text_add_format(report->text, "%lld", (long long)value);
    }
    mn_text_add_format(report->text, "</b><span>%s</span></div>\n", word);
}

static void add_cards(struct report *report)
{
    static const struct {
        enum fact fact;
        const char *word;
    } cards[] = {{FACT_rounds, "rounds"},
                 {FACT_revived, "revived"},
                 {FACT_rolled_back, "rolled back"},
                 {FACT_reset, "reset"},
                 {FACT_notices, "notices"},
                 {FACT_epochs_lost, "epochs lost"},
                 {FACT_messages_lost, "messages lost"},
                 {FACT_detect_ms, "to detect"},
                 {FACT_decide_ms, "to decide"},
                 {FACT_restore_ms, "to restore"},
                 {FACT_tell_ms, "to tell"},
                 {FACT_down_most_ms, "down at most"}};
    mn_text_add(report->text, "<div class=\"cards\">\n");
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++) {
        add_card(report, cards[i].fact, cards[i].word);
    }
    if (report->facts->values[FACT_holds] > 0) {
        add_card(report, FACT_holds, "times on hold");
    }
    if (report->facts->values[FACT_behind] > 0) {
        add_card(report, FACT_behind, "times behind");
    }
    mn_text_add(report->text, "</div>\n");
}

void report_write(const struct outcome *outcome, size_t shown, const struct record *record,
                  struct mn_text *text)
{
    struct report report = {.outcome = outcome,
                            .scenario = outcome->scenario,
                            .facts = &outcome->facts[shown],
                            .record = record,
                            .tree = run_tree(outcome->scenario, outcome->facts[shown].seed),
                            .text = text};
    report_axis_make(&report);
    add_head(&report);
    add_cards(&report);
    report_rounds(&report);
    report_diagram(&report);
    report_losses(&report);
    report_racks(&report);
    report_many(&report);
    report_events(&report);
    report_parameters(&report);
    mn_text_add(text, "</body></html>\n");
    sim_tree_destroy(&report.tree);
}
