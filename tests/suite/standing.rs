//! Standings: which of a stakeholder's positions on a mechanism counts, by a named rule; and how many stand where.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::NaiveDate;
use demarche_core::domain::date::PartialDate;
use demarche_core::domain::standing::{Rule, Stated, Verdict, decide};
use demarche_tests::Desk;
use demarche_tests::build::keys;
use entity::moment::Moment;
use entity::words::{DatePrecision, Stance};
use proptest::prelude::*;
use sea_orm::Iterable;
use serde_json::{Value, json};

/// The standings that `arguments` ask for, as `stakeholder:stance`, those without a stated position as `stakeholder:-`.
async fn standings(desk: &Desk, arguments: &str) -> String {
    let own = format!(
        "mechanism(slug: 'strikes') {{ standings(first: 200 {arguments}) {{ nodes {{ stakeholder {{ slug }} stance }} }} }}"
    );
    let found = desk.of_dossier(&own).await;
    let one = |standing: &Value| {
        format!("{}:{}", standing["stakeholder"]["slug"].as_str().unwrap(), standing["stance"].as_str().unwrap_or("-"))
    };
    found["mechanism"]["standings"]["nodes"].as_array().unwrap().iter().map(one).collect::<Vec<_>>().join(" ")
}

/// One standing of Mexico on strikes, by a rule.
async fn of_mexico(desk: &Desk, rule: &str) -> Value {
    let own = format!(
        "stakeholder(slug: 'mx') {{ standings(rule: {rule}) {{ nodes {{ stance contested sourceCount mechanism {{ slug }}
           position {{ externalId }} beaten {{ externalId }} }} }} }}"
    );
    desk.of_dossier(&own).await["stakeholder"]["standings"]["nodes"][0].take()
}

demarche_tests::suite! {
    async fn each_rule_picks_its_own_of_several_positions(world) {
        let desk = Desk::open(&world).await;
        let letter = desk.make("Source", json!({ "slug": "letter" })).await;
        let position = |stance: &str, on: &str, credibility: Value, source: &str| json!({
            "stakeholder": desk.mx, "stance": stance, "statedOn": on, "credibility": credibility, "source": source,
        });
        desk.make_all("Position", &[
            ("first", position("OPPOSE", "2025-01-01", json!(1), &desk.paper)),
            ("last", position("SUPPORT", "2025-06-01", json!(4), &letter)),
            ("middle", position("STRONGLY_OPPOSE", "2025-03-01", json!(null), &letter)),
        ]).await;
        for (rule, stance, won, beaten) in [
            ("LATEST", "SUPPORT", "last", "middle first"),
            ("MOST_CREDIBLE", "OPPOSE", "first", "last middle"),
            ("MEDIAN", "OPPOSE", "first", "last middle"),
        ] {
            let standing = of_mexico(&desk, rule).await;
            assert_eq!(standing["stance"], stance, "{rule}");
            assert_eq!(standing["position"]["externalId"], won, "{rule}");
            assert_eq!(keys(&standing["beaten"]), beaten, "{rule}");
        }
        // Of the same day the more credible counts, and of the same credibility the one recorded last.
        desk.make_all("Position", &[
            ("credible", position("NEUTRAL", "2025-06-01", json!(2), &desk.paper)),
            ("again", position("OPPOSE", "2025-06-01", json!(2), &desk.paper)),
        ]).await;
        let standing = of_mexico(&desk, "LATEST").await;
        assert_eq!((standing["position"]["externalId"].as_str(), keys(&standing["beaten"]).as_str()),
            (Some("again"), "credible last middle first"));
    }

    async fn corroboration_is_counted_and_a_source_counts_once(world) {
        let desk = Desk::open(&world).await;
        let second = desk.make("Source", json!({ "slug": "second" })).await;
        let oppose = |source: &str| json!({ "stakeholder": desk.mx, "stance": "OPPOSE", "source": source });
        for (source, count) in [(&desk.paper, 1), (&desk.paper, 1), (&second, 2)] {
            desk.make("Position", oppose(source)).await;
            let standing = of_mexico(&desk, "LATEST").await;
            assert_eq!((&standing["sourceCount"], &standing["contested"]), (&json!(count), &json!(false)));
        }
    }

    async fn another_source_that_says_the_opposite_of_the_same_time_contests_a_standing(world) {
        let letter = |desk: Desk| async move { desk.make("Source", json!({ "slug": "letter" })).await };
        // The stance and the time of a second position, whether another source says so, and whether that contests the first.
        let second = [
            ("SUPPORT", "2025-03-10", "DAY", true, true),
            ("STRONGLY_SUPPORT", "2025-03-31", "MONTH", true, true),
            ("NEUTRAL", "2025-01-01", "YEAR", true, true),
            ("SUPPORT", "2025-03-10", "DAY", false, false),
            ("STRONGLY_OPPOSE", "2025-03-10", "DAY", true, false),
            ("SUPPORT", "2025-03-09", "DAY", true, false),
            ("SUPPORT", "2025-02-01", "MONTH", true, false),
            ("SUPPORT", "2024-01-01", "YEAR", true, false),
        ];
        for (n, (stance, on, precision, another, contested)) in second.into_iter().enumerate() {
            let desk = Desk::open_another(world.analyst().await, &format!("case-{n}")).await;
            let letter = letter(desk.clone()).await;
            let oppose = json!({ "externalId": "first", "stakeholder": desk.mx, "stance": "OPPOSE", "statedOn": "2025-03-10", "credibility": 1 });
            desk.make("Position", oppose).await;
            desk.make("Position", json!({
                "stakeholder": desk.mx, "stance": stance, "statedOn": on, "statedOnPrecision": precision,
                "source": if another { &letter } else { &desk.paper },
            })).await;
            let standing = of_mexico(&desk, "MOST_CREDIBLE").await;
            assert_eq!(standing["position"]["externalId"], "first");
            assert_eq!(standing["contested"], contested, "{stance} {on} {precision}");
            let support = desk.of_dossier("mechanism(slug: 'strikes') { support(rule: MOST_CREDIBLE) { contested } }").await;
            assert_eq!(support["mechanism"]["support"]["contested"], i32::from(contested));
        }
    }

    async fn what_is_said_on_behalf_of_somebody_is_the_standing_of_the_principal(world) {
        let desk = Desk::open(&world).await;
        let speaker = desk.make("Stakeholder", json!({ "slug": "president", "kind": "PERSON" })).await;
        desk.make("Position", json!({ "stakeholder": speaker, "onBehalfOf": desk.mx, "stance": "STRONGLY_OPPOSE" })).await;
        assert_eq!(standings(&desk, "").await, "us:- mx:STRONGLY_OPPOSE president:-");
        desk.make("Position", json!({ "stakeholder": speaker, "stance": "NEUTRAL" })).await;
        assert_eq!(standings(&desk, "").await, "us:- mx:STRONGLY_OPPOSE president:NEUTRAL");
        // A filter on stakeholders is one on whose standing it is.
        assert_eq!(standings(&desk, "filter: { stakeholder: { slug: { eq: 'mx' } } }").await, "mx:STRONGLY_OPPOSE");
        assert_eq!(standings(&desk, "filter: { stakeholder: { kind: { eq: PERSON } } }").await, "president:NEUTRAL");
    }

    async fn no_stated_position_is_an_answer_too(world) {
        let desk = Desk::open(&world).await;
        let nothing = json!({ "stance": null, "contested": false, "sourceCount": 0, "mechanism": { "slug": "strikes" },
            "position": null, "beaten": [] });
        assert_eq!(of_mexico(&desk, "MEDIAN").await, nothing);
        let support = "mechanism(slug: 'strikes') { support {
            stronglyOppose oppose neutral support stronglySupport stated noPosition contested mean } }";
        assert_eq!(desk.of_dossier(support).await["mechanism"]["support"], json!({
            "stronglyOppose": 0, "oppose": 0, "neutral": 0, "support": 0, "stronglySupport": 0, "stated": 0, "noPosition": 2,
            "contested": 0, "mean": null,
        }));
        desk.make("Position", json!({ "stakeholder": desk.mx, "stance": "NEUTRAL" })).await;
        assert_eq!(standings(&desk, "filter: { stance: { isNull: true } }").await, "us:-");
        assert_eq!(standings(&desk, "filter: { stance: { isNull: false } }").await, "mx:NEUTRAL");
        assert_eq!(standings(&desk, "filter: { stance: { ne: NEUTRAL } }").await, "us:-");
    }

    async fn the_support_of_a_mechanism_is_the_tally_of_standings_and_their_mean(world) {
        let desk = Desk::open(&world).await;
        let elsewhere = Desk::open_another(desk.client.clone(), "elsewhere").await;
        elsewhere.make("Position", json!({ "stance": "STRONGLY_SUPPORT" })).await;
        let stances = ["STRONGLY_OPPOSE", "STRONGLY_OPPOSE", "OPPOSE", "NEUTRAL", "SUPPORT", "SUPPORT", "SUPPORT", "STRONGLY_SUPPORT"];
        for (n, stance) in stances.into_iter().enumerate() {
            let who = desk.make("Stakeholder", json!({ "slug": format!("s{n}") })).await;
            desk.make("Position", json!({ "stakeholder": who, "stance": "NEUTRAL", "statedOn": "2024-01-01", "credibility": 1 })).await;
            desk.make("Position", json!({ "stakeholder": who, "stance": stance, "statedOn": "2025-01-01" })).await;
        }
        let tally = |arguments: &str| format!("mechanism(slug: 'strikes') {{ support{arguments} {{
            stronglyOppose oppose neutral support stronglySupport stated noPosition mean }} }}");
        assert_eq!(desk.of_dossier(&tally("")).await["mechanism"]["support"], json!({
            "stronglyOppose": 2, "oppose": 1, "neutral": 1, "support": 3, "stronglySupport": 1, "stated": 8, "noPosition": 2, "mean": 0.0,
        }));
        let neutral = json!({ "stronglyOppose": 0, "oppose": 0, "neutral": 8, "support": 0, "stronglySupport": 0, "stated": 8,
            "noPosition": 2, "mean": 0.0 });
        for arguments in ["(rule: MOST_CREDIBLE)", "(rule: MEDIAN)", "(asOf: { valid: '2024-12-31' })"] {
            assert_eq!(desk.of_dossier(&tally(arguments)).await["mechanism"]["support"], neutral, "{arguments}");
        }
        let own = elsewhere.of_dossier(&tally("")).await;
        assert_eq!((&own["mechanism"]["support"]["mean"], &own["mechanism"]["support"]["noPosition"]), (&json!(2.0), &json!(1)));
    }

    async fn standings_are_those_of_the_time_asked_for(world) {
        let desk = Desk::open(&world).await;
        let early = desk.make("Position", json!({ "stakeholder": desk.mx, "stance": "SUPPORT", "statedOn": "2025-01-01" })).await;
        let believed = world.now();
        world.wait(Duration::from_secs(1));
        desk.make("Position", json!({ "stakeholder": desk.mx, "stance": "OPPOSE", "statedOn": "2025-06-01" })).await;
        let corrected = json!({ "stakeholder": desk.mx, "stance": "NEUTRAL", "statedOn": "2025-01-01" });
        desk.supersede("Position", &early, corrected, "id").await;
        world.wait(Duration::from_secs(1));
        desk.make("Stakeholder", json!({ "slug": "late" })).await;
        for (arguments, expected) in [
            ("", "us:- mx:OPPOSE late:-".to_owned()),
            ("asOf: { valid: '2025-05-31' }", "us:- mx:NEUTRAL late:-".to_owned()),
            ("asOf: { valid: '2024-12-31' }", "us:- mx:- late:-".to_owned()),
            (&format!("asOf: {{ recorded: '{believed}' }}"), "us:- mx:SUPPORT".to_owned()),
            (&format!("asOf: {{ recorded: '{believed}', valid: '2024-12-31' }}"), "us:- mx:-".to_owned()),
            ("asOf: { recorded: '2020-01-01T00:00:00Z' }", String::new()),
        ] {
            assert_eq!(standings(&desk, arguments).await, expected, "{arguments}");
        }
        let mean = format!("mechanism(slug: 'strikes') {{ now: support {{ mean noPosition }}
            then: support(asOf: {{ recorded: '{believed}' }}) {{ mean noPosition }} }}");
        assert_eq!(desk.of_dossier(&mean).await["mechanism"], json!({
            "now": { "mean": -1.0, "noPosition": 2 }, "then": { "mean": 1.0, "noPosition": 1 },
        }));
    }

    async fn standings_of_a_dossier_are_a_grid_that_can_be_filtered_and_paged(world) {
        let desk = Desk::open(&world).await;
        desk.make("Mechanism", json!({ "slug": "treaty", "mode": "BILATERAL" })).await;
        desk.make("Position", json!({ "stakeholder": desk.us, "stance": "STRONGLY_SUPPORT" })).await;
        desk.make("Position", json!({ "stakeholder": desk.mx, "stance": "OPPOSE" })).await;
        let letter = desk.make("Source", json!({ "slug": "letter" })).await;
        desk.make("Position", json!({ "stakeholder": desk.mx, "stance": "SUPPORT", "source": letter, "credibility": 6 })).await;
        let own = "standings(ARGS) { totalCount nodes { mechanism { slug } stakeholder { slug } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }";
        let ask = async |arguments: &str| {
            let standings = desk.of_dossier(&own.replace("ARGS", arguments)).await["standings"].take();
            let cell = |node: &Value| format!("{}/{}", node["mechanism"]["slug"].as_str().unwrap(), node["stakeholder"]["slug"].as_str().unwrap());
            let cells: Vec<String> = standings["nodes"].as_array().unwrap().iter().map(cell).collect();
            (cells.join(" "), standings)
        };
        for (arguments, expected) in [
            ("rule: LATEST", "strikes/us strikes/mx treaty/us treaty/mx"),
            ("filter: { mechanism: { mode: { eq: BILATERAL } } }", "treaty/us treaty/mx"),
            ("filter: { stakeholder: { country: { eq: 'US' } } }", "strikes/us treaty/us"),
            ("filter: { stakeholder: { country: { eq: 'US' } }, mechanism: { slug: { eq: 'strikes' } } }", "strikes/us"),
            ("filter: { contested: true }", "strikes/mx"),
            ("filter: { contested: false }", "strikes/us treaty/us treaty/mx"),
            ("filter: { stance: { eq: STRONGLY_SUPPORT } }", "strikes/us"),
            ("filter: { stance: { in: [STRONGLY_SUPPORT, SUPPORT] } }", "strikes/us strikes/mx"),
            ("filter: { stance: { notIn: [STRONGLY_SUPPORT, SUPPORT] } }", "treaty/us treaty/mx"),
            ("filter: { stance: { gt: SUPPORT } }", "strikes/us"),
            ("filter: { stance: { gte: SUPPORT } }", "strikes/us strikes/mx"),
            ("filter: { stance: { lt: STRONGLY_SUPPORT } }", "strikes/mx"),
            ("filter: { stance: { lte: OPPOSE } }", ""),
        ] {
            let (cells, standings) = ask(arguments).await;
            assert_eq!(cells, expected, "{arguments}");
            assert_eq!(standings["totalCount"], expected.split_whitespace().count(), "{arguments}");
        }
        let (cells, page) = ask("first: 3").await;
        assert_eq!(cells, "strikes/us strikes/mx treaty/us");
        assert_eq!((&page["totalCount"], &page["pageInfo"]["hasNextPage"]), (&json!(4), &json!(true)));
        let (cells, page) = ask(&format!("first: 3, after: {}", page["pageInfo"]["endCursor"])).await;
        assert_eq!((cells.as_str(), &page["pageInfo"]["hasNextPage"]), ("treaty/mx", &json!(false)));
        let (cells, page) = ask(&format!("last: 2, before: {}", page["pageInfo"]["startCursor"])).await;
        assert_eq!((cells.as_str(), &page["pageInfo"]["hasPreviousPage"]), ("strikes/mx treaty/us", &json!(true)));
    }
}

/// A day of 2025 or one of the days around its ends.
fn day() -> impl Strategy<Value = PartialDate> {
    let precision = prop_oneof![Just(DatePrecision::Day), Just(DatePrecision::Month), Just(DatePrecision::Year)];
    let eve = NaiveDate::from_ymd_opt(2024, 12, 25).unwrap();
    (0..70_u64, precision).prop_map(move |(n, precision)| PartialDate::new(eve + chrono::Days::new(n), precision))
}

fn stated() -> impl Strategy<Value = Vec<Stated>> {
    let stance = proptest::sample::select(Stance::iter().collect::<Vec<_>>());
    let one = (stance, day(), proptest::option::of(1..=6_i16), 0..3_i64, 0..3_i64);
    proptest::collection::vec(one, 0..9).prop_map(|all| {
        let position = |(n, (stance, on, credibility, recorded, source)): (usize, _)| Stated {
            // Ids that do not grow with the place.
            id: i64::try_from(n).unwrap() * 7 % 11,
            principal: 1,
            mechanism: 2,
            stance,
            on,
            credibility,
            recorded_at: Moment(recorded),
            source,
        };
        all.into_iter().enumerate().map(position).collect()
    })
}

/// The same rules, said again as plainly as can be.
fn oracle(rule: Rule, all: &[Stated]) -> Option<Verdict> {
    let grade = |s: &Stated| s.credibility.unwrap_or(6);
    let mut latest: Vec<&Stated> = all.iter().collect();
    latest
        .sort_by(|a, b| (b.on.first, grade(a), b.recorded_at, b.id).cmp(&(a.on.first, grade(b), a.recorded_at, a.id)));
    let winner = match rule {
        Rule::Latest => latest.first()?,
        Rule::MostCredible => {
            let best = latest.iter().map(|s| grade(s)).min()?;
            latest.iter().find(|s| grade(s) == best)?
        }
        Rule::Median => {
            let mut scores: Vec<i16> = all.iter().map(|s| s.stance.score()).collect();
            scores.sort_unstable();
            let (low, high) = (*scores.get((scores.len().max(1) - 1) / 2)?, *scores.get(scores.len() / 2)?);
            let closer = |s: &&&Stated| {
                let score = s.stance.score();
                (score == low && low.abs() <= high.abs()) || (score == high && high.abs() <= low.abs())
            };
            latest.iter().find(closer)?
        }
    };
    let days = |s: &Stated| s.on.first..=s.on.last();
    let contests = |s: &&&Stated| {
        s.source != winner.source
            && s.stance.score().signum() != winner.stance.score().signum()
            && s.on.first.iter_days().take_while(|day| days(s).contains(day)).any(|day| days(winner).contains(&day))
    };
    let agreeing = latest.iter().filter(|s| s.stance == winner.stance).map(|s| s.source);
    Some(Verdict {
        stance: winner.stance,
        winner: winner.id,
        beaten: latest.iter().map(|s| s.id).filter(|id| *id != winner.id).collect(),
        sources: agreeing.collect::<BTreeSet<_>>().len(),
        contested: latest.iter().any(|s| contests(&s)),
    })
}

proptest! {
    #[test]
    fn every_rule_decides_as_it_says(all in stated()) {
        for rule in [Rule::Latest, Rule::MostCredible, Rule::Median] {
            prop_assert_eq!(decide(rule, all.clone()), oracle(rule, &all), "{:?}", rule);
        }
    }

    #[test]
    fn the_order_in_which_positions_come_does_not_matter(all in stated()) {
        let mut turned = all.clone();
        turned.reverse();
        for rule in [Rule::Latest, Rule::MostCredible, Rule::Median] {
            prop_assert_eq!(decide(rule, all.clone()), decide(rule, turned.clone()), "{:?}", rule);
        }
    }
}
