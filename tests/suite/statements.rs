//! How many statements a nested query takes: as many as it has levels, whatever the numbers.

use demarche_tests::{World, grid};
use serde_json::Value;

/// 20 mechanisms × 50 positions × stakeholder.
const NESTED: &str = "{ mechanisms(first: 20, filter: { slug: { contains: \"m\" } }) { nodes { id name
    positions(first: 50) { nodes { id stance stakeholder { name } } } } } }";

/// The answers and the numbers of statements on a small grid and on the whole one.
async fn both(world: &World, query: &str) -> ((Value, u32), (Value, u32)) {
    let analyst = world.analyst().await;
    world.load(&grid::lines(2, 2)).await;
    let small = world.counted(&analyst, query).await;
    world.load(&grid::lines(20, 50)).await;
    (small, world.counted(&analyst, query).await)
}

fn count(value: &Value, list: &str) -> usize {
    match value {
        Value::Object(fields) => {
            let own =
                fields.get(list).and_then(|list| list["nodes"].as_array().or(list.as_array())).map_or(0, Vec::len);
            own + fields.values().map(|value| count(value, list)).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(|item| count(item, list)).sum(),
        _ => 0,
    }
}

demarche_tests::suite! {
    async fn questions_that_differ_are_answered_each_by_a_statement_of_its_own(world) {
        let analyst = world.analyst().await;
        world.load(&grid::lines(20, 50)).await;
        let lists: String = (1..=12).map(|size| format!("p{size}: positions(first: {size}) {{ nodes {{ id }} }} ")).collect();
        let query = format!("{{ mechanisms(first: 3, filter: {{ slug: {{ contains: \"m\" }} }}) {{ nodes {{ {lists} }} }} }}");
        let (answer, statements) = world.counted(&analyst, &query).await;
        for mechanism in answer["mechanisms"]["nodes"].as_array().unwrap() {
            for size in 1..=12 {
                assert_eq!(mechanism[format!("p{size}")]["nodes"].as_array().unwrap().len(), size);
            }
        }
        // Who asks, the mechanisms, and the lists.
        assert_eq!(statements, 2 + 12);
    }

    async fn a_thousand_nested_positions_take_four_statements(world) {
        let ((small, few), (large, many)) = both(&world, NESTED).await;
        assert_eq!((count(&small, "positions"), count(&large, "positions")), (4, 1000));
        assert!(large["mechanisms"]["nodes"][19]["positions"]["nodes"][49]["stakeholder"]["name"].is_string());
        assert_eq!((few, many), (4, 4));
    }

    async fn other_nested_lists_take_the_same_statements_whatever_the_numbers(world) {
        let analyst = world.analyst().await;
        world.load(&grid::lines(2, 2)).await;
        // What is asked of each mechanism, a list in the answer by which one sees that there is more.
        let questions = [
            ("standings(first: 50) { totalCount nodes { stance stakeholder { name } position { id } } }", "standings"),
            ("support { stated mean }", ""),
            ("status { status } statuses { nodes { status } }", ""),
            ("conditions { statement findings { verdict assessor { name } } }", "conditions"),
            ("positions(first: 50) { totalCount nodes { arguments { frame } source { title } } }", "positions"),
            ("parts { nodes { slug } } parties { role stakeholder { name } }", ""),
            ("positions(first: 50) { nodes { recordedBy { name } retraction { reason } supersedes { id } } }", "positions"),
        ];
        let whole = |fields: &str| {
            format!("{{ mechanisms(first: 20, filter: {{ slug: {{ contains: \"m\" }} }}) {{ nodes {{ {fields} }} }} }}")
        };
        let mut before = Vec::new();
        for (fields, _) in questions {
            before.push(world.counted(&analyst, &whole(fields)).await);
        }
        world.load(&grid::lines(20, 50)).await;
        for ((fields, list), (small, few)) in questions.into_iter().zip(before) {
            let (large, many) = world.counted(&analyst, &whole(fields)).await;
            assert_eq!(large["mechanisms"]["nodes"].as_array().unwrap().len(), 20);
            assert!(list.is_empty() || count(&large, list) > count(&small, list), "{fields}");
            assert_eq!(few, many, "{fields}");
            // The account, the mechanisms, and at most two for each of the lists and links asked for.
            assert!(many <= 8, "{fields} takes {many} statements");
        }
    }
}
