//! What the tests of who may see what have in common: records of every kind at any marking, some of which hang on records
//! that everybody sees.

use demarche_tests::{Client, World};
use serde_json::{Value, json};

/// The slug of the dossier.
pub const SLUG: &str = "cross-border-raids";

/// The lists of a dossier, and the object that each holds.
pub const LISTS: [(&str, &str); 12] = [
    ("stakeholders", "Stakeholder"),
    ("mechanisms", "Mechanism"),
    ("conditions", "Condition"),
    ("arguments", "Argument"),
    ("sources", "Source"),
    ("positions", "Position"),
    ("relations", "Relation"),
    ("statuses", "Status"),
    ("findings", "Finding"),
    ("events", "Event"),
    ("implications", "Implication"),
    ("ratings", "Rating"),
];

/// The line of a dossier.
pub fn dossier(slug: &str, marking: &str) -> String {
    format!(
        "{}\n",
        json!({ "record": "dossier", "slug": slug, "title": format!("title of {slug}"), "marking": marking })
    )
}

/// Nodes of every kind, whose names begin with `tag` and whose texts hold it.
pub fn nodes(tag: &str, marking: &str) -> String {
    lines(
        marking,
        [
            json!({ "record": "stakeholder", "slug": format!("{tag}-a"), "name": format!("{tag} ministry"),
                    "kind": "AGENCY", "externalId": format!("{tag}-a"), "country": "MX", "description": tag,
                    "aliases": [tag] }),
            json!({ "record": "stakeholder", "slug": format!("{tag}-b"), "name": format!("{tag} cabinet"),
                    "kind": "GOVERNMENT" }),
            json!({ "record": "source", "slug": format!("{tag}-src"), "title": format!("{tag} memo"), "author": tag,
                    "publisher": tag, "text": format!("the text of the {tag} memo"), "reliability": "B" }),
            json!({ "record": "mechanism", "slug": format!("{tag}-mec"), "name": format!("{tag} raid"),
                    "mode": "UNILATERAL", "kind": "USE_OF_FORCE", "description": tag,
                    "parties": [{ "stakeholder": format!("{tag}-a"), "role": "PROPOSER" }] }),
            json!({ "record": "mechanism", "slug": format!("{tag}-part"), "name": format!("{tag} scouting"),
                    "mode": "BILATERAL", "kind": "INTELLIGENCE_SHARING", "partOf": format!("{tag}-mec") }),
            json!({ "record": "condition", "externalId": format!("{tag}-con"), "mechanism": format!("{tag}-mec"),
                    "statement": format!("{tag} consent"), "legalBasis": tag }),
            json!({ "record": "argument", "externalId": format!("{tag}-arg"), "statement": format!("{tag} sovereignty"),
                    "frame": "SOVEREIGNTY" }),
            json!({ "record": "argument", "externalId": format!("{tag}-rebuttal"), "statement": format!("{tag} rebuttal"),
                    "frame": "LEGAL", "rebuts": [format!("{tag}-arg")] }),
        ],
    )
}

/// Nodes whose names begin with `tag` and that hang on the nodes whose names begin with `on`.
pub fn hanging(tag: &str, marking: &str, on: &str) -> String {
    lines(
        marking,
        [
            json!({ "record": "mechanism", "slug": format!("{tag}-mec"), "name": format!("{tag} raid"),
                    "mode": "UNILATERAL", "kind": "USE_OF_FORCE", "partOf": format!("{on}-mec"),
                    "parties": [{ "stakeholder": format!("{on}-a"), "role": "HOST" }] }),
            json!({ "record": "condition", "externalId": format!("{tag}-con"), "mechanism": format!("{on}-mec"),
                    "statement": format!("{tag} consent") }),
            json!({ "record": "argument", "externalId": format!("{tag}-arg"), "statement": format!("{tag} rebuttal"),
                    "frame": "LEGAL", "rebuts": [format!("{on}-arg")], "reinforces": [format!("{on}-rebuttal")] }),
        ],
    )
}

/// Assertions of every kind, whose external ids begin with `tag` and that are about the nodes whose names begin with `on`.
pub fn assertions(tag: &str, marking: &str, on: &str) -> String {
    let evidence = |kind: &str, own: Value| {
        let mut line = json!({ "record": kind, "externalId": format!("{tag}-{kind}"), "source": format!("{on}-src"),
                               "locator": tag, "credibility": 2, "confidence": "LIKELY" });
        line.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        line
    };
    let (a, b, mechanism) = (format!("{on}-a"), format!("{on}-b"), format!("{on}-mec"));
    lines(
        marking,
        [
            evidence(
                "position",
                json!({ "stakeholder": a, "onBehalfOf": b, "mechanism": mechanism, "stance": "OPPOSE",
                "statedOn": "2025-10", "rationale": format!("{tag} rationale"), "arguments": [format!("{on}-arg")],
                "conditions": [format!("{on}-con")] }),
            ),
            evidence(
                "relation",
                json!({ "from": a, "to": b, "kind": "PART_OF", "occurredOn": "2025", "tension": -3,
                "note": tag }),
            ),
            evidence(
                "status",
                json!({ "mechanism": mechanism, "status": "PROPOSED", "occurredOn": "2025-10-03",
                "note": tag }),
            ),
            evidence(
                "finding",
                json!({ "condition": format!("{on}-con"), "assessor": a, "verdict": "UNMET",
                "occurredOn": "2025", "rationale": tag }),
            ),
            evidence(
                "event",
                json!({ "title": format!("{tag} summit"), "occurredOn": "2025", "mechanism": mechanism,
                "actors": [{ "stakeholder": a, "role": "INITIATOR" }], "description": tag }),
            ),
            evidence(
                "implication",
                json!({ "kind": "RISK", "statement": format!("{tag} escalation"),
                "occurredOn": "2025", "likelihood": "LIKELY", "severity": 4, "relation": format!("{tag}-relation") }),
            ),
            evidence("rating", json!({ "stakeholder": a, "occurredOn": "2025", "influence": 70, "note": tag })),
        ],
    )
}

fn lines<const N: usize>(marking: &str, lines: [Value; N]) -> String {
    let line = |mut line: Value| {
        line["marking"] = marking.into();
        format!("{line}\n")
    };
    lines.into_iter().map(line).collect()
}

/// A dossier in which everybody sees what is called `open`, and only those who are cleared for `RED` what is called `veiled`:
/// records on their own, records that hang on what everybody sees, a correction of one that is hidden, and the past of a
/// node that has been declassified.
pub async fn load(world: &World) {
    let lines = [
        dossier(SLUG, "CLEAR"),
        nodes("open", "CLEAR"),
        assertions("open", "CLEAR", "open"),
        nodes("veiled", "RED"),
        assertions("veiled", "RED", "veiled"),
        hanging("veiled-on", "RED", "open"),
        assertions("veiled-on", "RED", "open"),
    ];
    world.load(&lines.concat()).await;
    declassify(&world.analyst().await).await;
}

/// A stakeholder and a position that were `RED` once.
async fn declassify(owner: &Client) {
    let query = format!(
        "{{ dossier(slug: {SLUG:?}) {{ id stakeholder(slug: \"open-a\") {{ id }} other: stakeholder(slug: \"open-b\") {{ id }} mechanism(slug: \"open-mec\") {{ id }}
           source(slug: \"open-src\") {{ id }} }} }}"
    );
    let found = owner.data(&query).await["dossier"].take();
    let created = owner
        .mutate(
            "createStakeholder",
            json!({ "dossier": found["id"], "slug": "once-veiled", "name": "veiled front", "kind": "GROUP",
                    "marking": "RED" }),
            "stakeholder { id }",
        )
        .await;
    let edit = json!({ "id": created["stakeholder"]["id"], "version": 1, "name": "open front", "marking": "CLEAR" });
    let edited = owner.mutate("updateStakeholder", edit, "stakeholder { marking }").await;
    assert_eq!(edited["stakeholder"]["marking"], "CLEAR", "{edited}");
    let edit = json!({ "id": found["other"]["id"], "version": 1, "description": "open to all" });
    assert_eq!(owner.mutate("updateStakeholder", edit, "").await["errors"], json!([]));
    let position = |stance: &str, text: &str, marking: &str| {
        json!({ "dossier": found["id"], "source": found["source"]["id"], "marking": marking, "stakeholder": found["stakeholder"]["id"], "mechanism": found["mechanism"]["id"], "stance": stance,
                "statedOn": "2025-01-01", "statedOnPrecision": "DAY", "rationale": text })
    };
    let recorded = owner.mutate("recordPosition", position("SUPPORT", "veiled reason", "RED"), "position { id }").await;
    let replacement = position("OPPOSE", "open reason", "CLEAR");
    let correction = json!({ "id": recorded["position"]["id"], "replacement": replacement });
    let corrected = owner.mutate("supersedePosition", correction, "position { marking supersedes { id } }").await;
    assert_eq!(corrected["position"]["marking"], "CLEAR", "{corrected}");
}

/// The key that an id stands for.
pub fn key(id: &Value) -> i64 {
    demarche_core::id::decode(id.as_str().unwrap()).unwrap().1
}

/// The id of the dossier.
pub async fn dossier_id(client: &Client) -> Value {
    client.data(&format!("{{ dossier(slug: {SLUG:?}) {{ id }} }}")).await["dossier"]["id"].take()
}

/// The id and the marking of every record of every list, as far as somebody sees them: superseded ones and retracted ones
/// are in none.
pub async fn everything(client: &Client) -> Vec<(&'static str, String, String)> {
    let mut found = Vec::new();
    for (list, object) in LISTS {
        let nodes =
            client.data(&format!("{{ {list}(first: 200) {{ nodes {{ id marking }} }} }}")).await[list]["nodes"].take();
        for node in nodes.as_array().unwrap() {
            let text = |field: &str| node[field].as_str().unwrap().to_owned();
            found.push((object, text("id"), text("marking")));
        }
    }
    found
}
