//! Records in bulk: a dossier with so many mechanisms, and so many positions on each.

use std::fmt::Write;

use serde_json::json;

/// The slug of the dossier that [`lines`] describes.
pub const SLUG: &str = "grid";

/// The lines of a dossier of the interchange format with `mechanisms` × `positions`. Each position is of another
/// stakeholder and gives one of ten arguments; each mechanism has two conditions with two findings each, a part and a party.
pub fn lines(mechanisms: usize, positions: usize) -> String {
    let mut out = String::new();
    let mut line = |record: serde_json::Value| writeln!(out, "{record}").unwrap();
    line(json!({ "record": "dossier", "slug": SLUG, "title": "A grid" }));
    line(json!({ "record": "source", "slug": "paper", "title": "A paper" }));
    for s in 0..positions.max(2) {
        line(
            json!({ "record": "stakeholder", "slug": format!("s{s}"), "name": format!("Stakeholder {s}"), "kind": "STATE" }),
        );
    }
    for a in 0..10 {
        line(json!({ "record": "argument", "externalId": format!("a{a}"), "statement": "Because", "frame": "LEGAL" }));
    }
    for m in 0..mechanisms {
        let parties = json!([{ "stakeholder": "s0", "role": "PROPOSER" }]);
        line(json!({ "record": "mechanism", "slug": format!("m{m}"), "name": format!("Mechanism {m}"),
            "mode": "BILATERAL", "kind": "DIALOGUE", "parties": parties }));
        line(json!({ "record": "mechanism", "slug": format!("part{m}"), "name": "A part", "mode": "DOMESTIC",
            "kind": "OTHER", "partOf": format!("m{m}") }));
        for c in 0..2 {
            let condition = format!("c{m}-{c}");
            line(json!({ "record": "condition", "externalId": condition, "mechanism": format!("m{m}"),
                "statement": "If asked" }));
            for f in 0..2 {
                line(json!({ "record": "finding", "externalId": format!("f{m}-{c}-{f}"), "condition": condition,
                    "assessor": format!("s{f}"), "verdict": "UNMET", "occurredOn": "2025", "source": "paper" }));
            }
        }
        line(json!({ "record": "status", "externalId": format!("st{m}"), "mechanism": format!("m{m}"),
            "status": "PROPOSED", "occurredOn": "2025-02", "source": "paper" }));
        for p in 0..positions {
            line(json!({ "record": "position", "externalId": format!("p{m}-{p}"), "stakeholder": format!("s{p}"),
                "mechanism": format!("m{m}"), "stance": STANCES[p % STANCES.len()], "statedOn": "2025-03-01",
                "source": "paper", "arguments": [format!("a{}", p % 10)] }));
        }
    }
    out
}

const STANCES: [&str; 5] = ["STRONGLY_OPPOSE", "OPPOSE", "NEUTRAL", "SUPPORT", "STRONGLY_SUPPORT"];
