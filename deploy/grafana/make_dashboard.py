"""Makes terminus.json, the Grafana dashboard: make_dashboard.py > terminus.json.

Panels are a list here, so that a name is written once and the test can hold it against the metrics.
"""

import json
import sys

RATE = "rate({}[$__rate_interval])"
# Row, then (title, unit, [(expression, legend)]).
ROWS = [
    ("Traffic", [
        ("Frames", "pps", [(f"sum by (direction) ({RATE.format('terminus_frames_total')})",
                            "{{direction}}")]),
        ("Bytes", "Bps", [(f"sum by (direction) ({RATE.format('terminus_bytes_total')})",
                           "{{direction}}")]),
        ("How frames end", "pps", [(f"sum by (end) ({RATE.format('terminus_frame_ends_total')})",
                                    "{{end}}")]),
        ("Drops", "pps", [(f"sum by (reason) ({RATE.format('terminus_drops_total')}) > 0",
                           "{{reason}}")]),
    ]),
    ("Connections", [
        ("Flows by state", "short", [("sum by (state) (terminus_flows)", "{{state}}")]),
        ("Flow table in use", "percentunit",
         [("sum(terminus_flows) / sum(terminus_flow_capacity)", "in use")]),
        ("TCP events", "ops", [(f"sum by (event) ({RATE.format('terminus_tcp_events_total')}) > 0",
                                "{{event}}")]),
        ("Handshake, 50 and 99 of 100", "s",
         [(f"histogram_quantile({q}, sum by (le) "
           f"({RATE.format('terminus_handshake_seconds_bucket')}))", str(q)) for q in (.5, .99)]),
    ]),
    ("Policy", [
        ("Rule hits", "pps", [(f"sum by (rule, action) ({RATE.format('terminus_rule_hits_total')})",
                               "{{rule}}: {{action}}")]),
        ("Resets sent", "pps", [(f"sum({RATE.format('terminus_resets_sent_total')})", "resets")]),
        ("ICMP sent", "pps",
         [(f"sum by (family, type, code) ({RATE.format('terminus_icmp_sent_total')}) > 0",
           "{{family}} {{type}}/{{code}}")]),
        ("ICMP held back", "pps",
         [(f"sum by (family, reason) ({RATE.format('terminus_icmp_suppressed_total')}) > 0",
           "{{family}} {{reason}}")]),
    ]),
    ("Machine", [
        ("Busy", "percentunit", [("terminus_worker_busy_ratio", "worker {{worker}}")]),
        ("Turn, 99 of 100", "s",
         [(f"histogram_quantile(0.99, sum by (le, worker) "
           f"({RATE.format('terminus_turn_seconds_bucket')}))", "worker {{worker}}")]),
        ("Buffers", "short", [("sum by (state) (terminus_buffers)", "{{state}}")]),
        ("Device statistics", "ops", [(f"{RATE.format('terminus_device_stat')} > 0",
                                       "{{device}} {{name}}")]),
    ]),
]


def target(position: int, expression: str, legend: str) -> dict:
    return {"refId": chr(ord("A") + position), "expr": expression, "legendFormat": legend,
            "datasource": {"type": "prometheus", "uid": "${source}"}}


def panel(number: int, x: int, y: int, title: str, unit: str, queries: list) -> dict:
    return {"id": number, "type": "timeseries", "title": title,
            "datasource": {"type": "prometheus", "uid": "${source}"},
            "gridPos": {"h": 8, "w": 12, "x": x, "y": y},
            "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
            "options": {"legend": {"displayMode": "list", "placement": "bottom"},
                        "tooltip": {"mode": "multi"}},
            "targets": [target(i, *query) for i, query in enumerate(queries)]}


def panels() -> list[dict]:
    made, y = [], 0
    for title, row in ROWS:
        made.append({"id": len(made) + 1, "type": "row", "title": title, "collapsed": False,
                     "panels": [], "gridPos": {"h": 1, "w": 24, "x": 0, "y": y}})
        for position, one in enumerate(row):
            across, down = 12 * (position % 2), 8 * (position // 2)
            made.append(panel(len(made) + 1, across, y + 1 + down, *one))
        y += 1 + 8 * ((len(row) + 1) // 2)
    return made


def dashboard() -> dict:
    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    return {"title": "Terminus", "uid": "terminus", "schemaVersion": 38, "version": 1,
            "editable": True, "refresh": "10s", "time": {"from": "now-30m", "to": "now"},
            "tags": ["terminus"], "templating": {"list": [source]}, "panels": panels()}


if __name__ == "__main__":
    json.dump(dashboard(), sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")
