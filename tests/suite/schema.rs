//! The GraphQL schema is a contract: it is committed, described throughout, and uses the words of the model.

use demarche_tests::schema::{named, types};
use serde_json::Value;

const COMMITTED: &str = include_str!("../../schema.graphql");

/// What GraphQL itself defines.
const OF_GRAPHQL: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];

/// The enums of the model, with every word that a client may send or be sent.
const WORDS: [(&str, &str); 22] = [
    (
        "StakeholderKind",
        "STATE GOVERNMENT AGENCY ORGANIZATION INTERNATIONAL_ORGANIZATION PERSON GROUP ARMED_GROUP PUBLIC",
    ),
    ("MechanismMode", "UNILATERAL DOMESTIC BILATERAL MULTILATERAL"),
    (
        "MechanismKind",
        "USE_OF_FORCE TASK_FORCE TECHNOLOGY_SHARING INTELLIGENCE_SHARING BORDER_SECURITY LEGAL_FRAMEWORK LEGISLATION \
         LAW_ENFORCEMENT DEPLOYMENT DESIGNATION SANCTIONS DIALOGUE RESOLUTION OTHER",
    ),
    ("PartyRole", "PROPOSER IMPLEMENTER HOST TARGET OVERSEER AFFECTED"),
    (
        "Frame",
        "SOVEREIGNTY LEGAL DIPLOMATIC SECURITY ESCALATION PUBLIC_HEALTH EFFECTIVENESS ECONOMIC HUMANITARIAN POLITICAL",
    ),
    ("Stance", "STRONGLY_OPPOSE OPPOSE NEUTRAL SUPPORT STRONGLY_SUPPORT"),
    (
        "RelationKind",
        "PART_OF MEMBER_OF LEADS HOLDS_OFFICE_IN OVERSEES ADVISES REPRESENTS ALLIED_WITH COOPERATES_WITH NEGOTIATES_WITH \
         MEDIATES FUNDS PRESSURES OPPOSES THREATENS IN_CONFLICT_WITH DESIGNATES",
    ),
    ("MechanismStatus", "FLOATED PROPOSED NEGOTIATING AGREED ENACTED IN_FORCE SUSPENDED REJECTED ABANDONED EXPIRED"),
    ("Verdict", "MET UNMET CONTESTED UNKNOWN"),
    ("ImplicationKind", "RISK OPPORTUNITY LESSON"),
    ("Reliability", "A B C D E F"),
    ("DatePrecision", "DAY MONTH YEAR"),
    ("Marking", "CLEAR GREEN AMBER AMBER_STRICT RED"),
    ("Likelihood", "ALMOST_NO_CHANCE VERY_UNLIKELY UNLIKELY ROUGHLY_EVEN_CHANCE LIKELY VERY_LIKELY ALMOST_CERTAIN"),
    ("StandingRule", "LATEST MOST_CREDIBLE MEDIAN"),
    ("Role", "READER ANALYST ADMIN"),
    ("EventRole", "INITIATOR TARGET PARTICIPANT"),
    ("OrderDirection", "ASC DESC"),
    ("Node", "interface"),
    ("Assertion", "interface"),
    ("Date", "scalar"),
    ("DateTime", "scalar"),
];

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn the_committed_schema_is_the_one_that_is_served() {
    similar_asserts::assert_eq!(
        committed: COMMITTED.trim_end(),
        served: demarche_graphql::sdl().trim_end(),
        "schema.graphql is not up to date: run `cargo run -- schema > schema.graphql`"
    );
}

#[test]
fn every_type_field_argument_and_word_is_described() {
    let mut bare = Vec::new();
    for kind in block_on(types()) {
        let name = kind["name"].as_str().unwrap();
        if !OF_GRAPHQL.contains(&name) {
            note(&mut bare, name.to_owned(), &kind);
        }
        for group in ["fields", "inputFields", "enumValues"] {
            for member in kind[group].as_array().into_iter().flatten() {
                let member_name = format!("{name}.{}", member["name"].as_str().unwrap());
                note(&mut bare, member_name.clone(), member);
                for argument in member["args"].as_array().into_iter().flatten() {
                    note(&mut bare, format!("{member_name}({})", argument["name"].as_str().unwrap()), argument);
                }
            }
        }
    }
    assert!(bare.is_empty(), "without a description: {}", bare.join(", "));
}

fn note(bare: &mut Vec<String>, name: String, described: &Value) {
    if described["description"].as_str().is_none_or(|text| text.trim().is_empty()) {
        bare.push(name);
    }
}

#[test]
fn every_scalar_of_ours_names_its_specification() {
    for kind in block_on(types()) {
        let name = kind["name"].as_str().unwrap();
        if kind["kind"] == "SCALAR" && !OF_GRAPHQL.contains(&name) {
            let url = kind["specifiedByURL"].as_str().unwrap_or_else(|| panic!("{name} names no specification"));
            assert!(url.starts_with("https://"), "{name}: {url}");
        }
    }
}

#[test]
fn the_words_are_those_of_the_model() {
    let types = block_on(types());
    for (name, words) in WORDS {
        let kind = named(&types, name);
        match words {
            "interface" => assert_eq!(kind["kind"], "INTERFACE", "{name}"),
            "scalar" => assert_eq!(kind["kind"], "SCALAR", "{name}"),
            _ => {
                let values = kind["enumValues"].as_array().unwrap();
                let mut found: Vec<&str> = values.iter().map(|value| value["name"].as_str().unwrap()).collect();
                let mut expected: Vec<&str> = words.split_whitespace().collect();
                found.sort_unstable();
                expected.sort_unstable();
                assert_eq!(found, expected, "{name}");
            }
        }
    }
}

#[test]
fn the_names_of_the_contract_are_there() {
    let types = block_on(types());
    let fields = |name: &str| -> Vec<String> {
        let kind = named(&types, name);
        let fields = kind["fields"].as_array().unwrap_or_else(|| panic!("{name} has no fields"));
        fields.iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect()
    };
    for (name, expected) in CONTRACT {
        let found = fields(name);
        let missing: Vec<&str> =
            expected.split_whitespace().filter(|field| !found.iter().any(|f| f == field)).collect();
        assert!(missing.is_empty(), "{name} lacks {missing:?}");
    }
}

/// What others build on: fields may be added beside these, never taken away.
const CONTRACT: [(&str, &str); 19] = [
    (
        "Query",
        "viewer node nodes dossier dossiers stakeholders mechanisms positions sources relations events implications search",
    ),
    (
        "Dossier",
        "stakeholders mechanisms positions sources relations events implications stakeholder mechanism arguments \
         standings",
    ),
    ("Mechanism", "support status statuses conditions parties parts standings positions mode kind slug"),
    ("Stakeholder", "standings relations slug name kind country"),
    ("Position", "supersedes supersededBy retraction stance statedOn confidence rationale stakeholder mechanism"),
    ("Condition", "findings"),
    ("Finding", "verdict"),
    ("Status", "status"),
    ("Argument", "frame"),
    ("Source", "title"),
    ("Relation", "kind"),
    ("Event", "title"),
    ("Implication", "severity likelihood"),
    ("Rating", "influence interest salience"),
    ("Standing", "stance position contested"),
    ("Revision", "version snapshot"),
    ("PageInfo", "hasNextPage hasPreviousPage startCursor endCursor"),
    ("PositionConnection", "edges nodes pageInfo totalCount"),
    ("UserError", "code field message"),
];
