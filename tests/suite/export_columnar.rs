//! Exports as Parquet and Arrow: what is read back is what the JSON Lines have.

use std::io::{Cursor, Write};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::FileReader;
use arrow_schema::{DataType, TimeUnit};
use chrono::{Days, NaiveDate};
use demarche_export::cell::moment;
use demarche_tests::{Client, World};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Map, Value, json};

use crate::export_file::{File, fetch, fetch_with, records, rows, sha256};

const FORMATS: [&str; 2] = ["parquet", "arrow"];

/// A file, read.
struct Table {
    names: Vec<String>,
    rows: Vec<Map<String, Value>>,
    about: Value,
}

fn day(days: i32) -> Value {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
    let days = i64::from(days);
    let step = Days::new(days.unsigned_abs());
    let day = if days < 0 { epoch.checked_sub_days(step) } else { epoch.checked_add_days(step) };
    day.unwrap().to_string().into()
}

fn read(format: &str, bytes: &[u8]) -> Table {
    if format == "parquet" { read_parquet(bytes) } else { read_arrow(bytes) }
}

fn open_parquet(bytes: &[u8]) -> SerializedFileReader<std::fs::File> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    SerializedFileReader::new(file).unwrap()
}

fn read_parquet(bytes: &[u8]) -> Table {
    fn value(field: &Field) -> Value {
        match field {
            Field::Null => Value::Null,
            Field::Bool(is) => (*is).into(),
            Field::Long(number) => (*number).into(),
            Field::Double(number) => (*number).into(),
            Field::Str(text) => text.as_str().into(),
            Field::Date(days) => day(*days),
            Field::TimestampMicros(at) => moment(*at).into(),
            Field::ListInternal(list) => list.elements().iter().map(value).collect(),
            other => panic!("there is no such value in a table: {other:?}"),
        }
    }
    let reader = open_parquet(bytes);
    let head = reader.metadata().file_metadata();
    let names = head.schema().get_fields().iter().map(|field| field.name().to_owned()).collect();
    let about = head.key_value_metadata().unwrap().iter().find(|pair| pair.key == "demarche").unwrap();
    let about = serde_json::from_str(about.value.as_ref().unwrap()).unwrap();
    let row =
        |row: parquet::record::Row| row.get_column_iter().map(|(name, field)| (name.clone(), value(field))).collect();
    let rows = reader.get_row_iter(None).unwrap().map(|found| row(found.unwrap())).collect();
    Table { names, rows, about }
}

fn read_arrow(bytes: &[u8]) -> Table {
    fn value(column: &dyn Array, row: usize) -> Value {
        if column.is_null(row) {
            return Value::Null;
        }
        match column.data_type() {
            DataType::Boolean => column.as_boolean().value(row).into(),
            DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
            DataType::Float64 => column.as_primitive::<Float64Type>().value(row).into(),
            DataType::Utf8 => column.as_string::<i32>().value(row).into(),
            DataType::Date32 => day(column.as_primitive::<Date32Type>().value(row)),
            DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC" => {
                moment(column.as_primitive::<TimestampMicrosecondType>().value(row)).into()
            }
            DataType::List(_) => {
                let items = column.as_list::<i32>().value(row);
                (0..items.len()).map(|n| value(&items, n)).collect()
            }
            other => panic!("there is no such column in a table: {other:?}"),
        }
    }
    let reader = FileReader::try_new(Cursor::new(bytes), None).unwrap();
    let schema = reader.schema();
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let about = serde_json::from_str(&schema.metadata()["demarche"]).unwrap();
    let row = |batch: &RecordBatch, row: usize| -> Map<String, Value> {
        names
            .iter()
            .zip(batch.columns())
            .map(|(name, column)| (name.clone(), value(&Arc::clone(column), row)))
            .collect()
    };
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        rows.extend((0..batch.num_rows()).map(|n| row(&batch, n)));
    }
    Table { names, rows, about }
}

/// Whether a value is that of the JSON Lines. JSON is a text there; a whole number may be one of the reals.
fn same(line: &Value, read: &Value) -> bool {
    match (line, read) {
        (Value::Array(_) | Value::Object(_), Value::String(text)) => {
            serde_json::from_str::<Value>(text).is_ok_and(|value| value == *line)
        }
        (Value::Number(line), Value::Number(read)) => line.as_f64() == read.as_f64(),
        _ => line == read,
    }
}

fn assert_same(lines: &[Value], table: &Table, what: &str) {
    assert_eq!(lines.len(), table.rows.len(), "{what}");
    for (line, row) in lines.iter().zip(&table.rows) {
        let line = line.as_object().unwrap();
        assert_eq!(line.len(), row.len(), "{what}");
        for (name, value) in line {
            assert!(same(value, &row[name]), "{what}: {name}: {value} is {}", row[name]);
        }
    }
}

async fn asked(world: &World, client: &Client, path: &str, body: &Value) -> File {
    let file = fetch_with(world, client, path, &[], Some(body.clone())).await;
    assert_eq!(file.status, 200, "{path}: {}", String::from_utf8_lossy(&file.body));
    file
}

demarche_tests::suite! {
    async fn every_table_has_the_rows_of_the_json_lines(world with sample) {
        let reader = world.reader().await;
        let mut kinds = std::collections::BTreeMap::<&str, usize>::new();
        for kind in [
            "dossiers", "stakeholders", "mechanisms", "conditions", "arguments", "sources", "positions", "relations",
            "statuses", "findings", "events", "implications", "ratings", "standings", "changes",
        ] {
            let (lines, manifest) = records(&fetch(&world, &reader, &format!("/export/{kind}.jsonl")).await.text());
            assert!(!lines.is_empty(), "{kind}");
            for format in FORMATS {
                let file = fetch(&world, &reader, &format!("/export/{kind}.{format}")).await;
                let table = read(format, &file.body);
                assert_eq!(json!(table.names), manifest["columns"], "{kind}.{format}");
                assert_same(&lines, &table, &format!("{kind}.{format}"));
                for value in table.rows.iter().flat_map(Map::values) {
                    *kinds.entry(match value {
                        Value::Null => "no value",
                        Value::Bool(_) => "a flag",
                        Value::Number(number) if number.is_f64() => "a real",
                        Value::Number(_) => "an integer",
                        Value::String(_) => "a text",
                        Value::Array(items) if items.is_empty() => "an empty list",
                        Value::Array(_) => "a list",
                        Value::Object(_) => "an object",
                    }).or_default() += 1;
                }
            }
        }
        let seen: Vec<&str> = kinds.into_keys().collect();
        assert_eq!(seen, ["a flag", "a list", "a real", "a text", "an empty list", "an integer", "no value"]);
    }

    async fn types_follow_paths_through_references(world with sample) {
        let reader = world.reader().await;
        let question = json!({
            "filter": { "stance": { "gt": "NEUTRAL" } },
            "orderBy": [{ "field": "STATED_ON", "direction": "DESC" }],
            "columns": [
                "id", "stance", "statedOn", "stakeholder.name", "stakeholder.aliases", "onBehalfOf.name", "mechanism.partOf.name",
                "mechanism.parties.slug", "mechanism.version", "mechanism.createdAt", "arguments.frame", "arguments",
                "conditions.mechanism.slug", "source.publishedOn", "source.retrievedOn", "recordedAt",
            ],
        });
        let (lines, _) = records(&asked(&world, &reader, "/export/positions.jsonl", &question).await.text());
        assert!(lines.len() > 3);
        for format in FORMATS {
            let file = asked(&world, &reader, &format!("/export/positions.{format}"), &question).await;
            assert_same(&lines, &read(format, &file.body), format);
        }
        let file = asked(&world, &reader, "/export/positions.arrow", &question).await;
        let arrow = FileReader::try_new(Cursor::new(&file.body), None).unwrap().schema();
        let of = |name: &str| arrow.field_with_name(name).unwrap().data_type().clone();
        assert_eq!((of("statedOn"), of("source.publishedOn")), (DataType::Date32, DataType::Date32));
        assert_eq!((of("mechanism.version"), of("stakeholder.aliases")), (DataType::Int64, DataType::Utf8));
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        assert_eq!((of("mechanism.createdAt"), of("recordedAt")), (utc.clone(), utc));
        assert!(matches!(of("mechanism.parties.slug"), DataType::List(_)) && matches!(of("arguments"), DataType::List(_)));
    }

    async fn an_earlier_belief_is_the_same_in_all_tables(world with sample) {
        let reader = world.reader().await;
        let then = world.now();
        world.wait(std::time::Duration::from_secs(60));
        let writer = world.analyst().await;
        let found = writer.data("{ stakeholders(first: 1) { nodes { id version slug } } }").await;
        let node = &found["stakeholders"]["nodes"][0];
        let input = json!({ "id": node["id"], "version": node["version"], "name": "Renamed" });
        assert_eq!(writer.mutate("updateStakeholder", input, "stakeholder { name }").await["errors"], json!([]));
        let question = json!({ "asOf": { "recorded": then } });
        let (lines, _) = records(&asked(&world, &reader, "/export/stakeholders.jsonl", &question).await.text());
        assert!(lines.iter().all(|line| line["name"] != "Renamed"));
        for format in FORMATS {
            let file = asked(&world, &reader, &format!("/export/stakeholders.{format}"), &question).await;
            assert_same(&lines, &read(format, &file.body), format);
        }
    }

    async fn what_has_changed_since_has_the_records_and_not_what_became_of_others(world with sample) {
        let reader = world.reader().await;
        let cursor = fetch(&world, &reader, "/export/positions.parquet").await.header("export-cursor").to_owned();
        let writer = world.analyst().await;
        let found = writer.data("{ positions(first: 1) { nodes { id } } }").await;
        let input = json!({ "id": found["positions"]["nodes"][0]["id"], "reason": "misread" });
        assert_eq!(writer.mutate("retract", input, "").await["errors"], json!([]));
        let (lines, _) = records(&fetch(&world, &reader, &format!("/export/positions.jsonl?since={cursor}")).await.text());
        assert_eq!(lines.len(), 1);
        for format in FORMATS {
            let file = fetch(&world, &reader, &format!("/export/positions.{format}?since={cursor}")).await;
            assert_eq!(read(format, &file.body).rows.len(), 0, "{format}");
            let changes = read(format, &fetch(&world, &reader, &format!("/export/changes.{format}?since={cursor}")).await.body);
            let (lines, _) = records(&fetch(&world, &reader, &format!("/export/changes.jsonl?since={cursor}")).await.text());
            assert_same(&lines, &changes, format);
            assert_eq!(changes.rows[0]["action"], "RETRACTED");
        }
    }

    async fn the_same_snapshot_is_written_as_the_same_bytes_and_goes_on_where_it_broke_off(world with sample) {
        let reader = world.reader().await;
        for (path, kind) in [
            ("/export/positions.parquet", "application/vnd.apache.parquet"),
            ("/export/standings.arrow", "application/vnd.apache.arrow.file"),
        ] {
            let whole = fetch(&world, &reader, path).await;
            assert_eq!(whole.header("content-type"), kind);
            world.wait(std::time::Duration::from_secs(5));
            world.load("{\"record\":\"dossier\",\"slug\":\"later\",\"title\":\"Later\"}\n").await;
            let tag = whole.header("etag").to_owned();
            for from in [1, whole.body.len() / 2, whole.body.len() - 1] {
                let range = format!("bytes={from}-");
                let headers = [("range", range.as_str()), ("if-range", tag.as_str())];
                let rest = fetch_with(&world, &reader, path, &headers, None).await;
                assert_eq!((rest.status, rest.body.as_slice()), (206, &whole.body[from..]), "{path} from {from}");
            }
            let described = whole.header("link").strip_prefix('<').unwrap().split('>').next().unwrap();
            let manifest: Value = serde_json::from_str(&fetch(&world, &reader, described).await.text()).unwrap();
            assert_eq!(manifest["sha256"], sha256(&whole.body), "{path}");
            assert_eq!(manifest["bytes"], whole.body.len());
            let again = format!("{path}?snapshot={}", manifest["snapshot"].as_str().unwrap());
            let packed = fetch_with(&world, &reader, &again, &[("accept-encoding", "zstd")], None).await;
            assert_eq!(packed.header("content-encoding"), "zstd");
            assert!(packed.plain() == whole.body, "{path}");
        }
    }

    async fn a_file_says_of_itself_what_its_manifest_says_but_for_its_sum(world with sample) {
        let reader = world.reader().await;
        for format in FORMATS {
            let path = format!("/export/ratings.{format}?columns=id,power");
            let file = fetch(&world, &reader, &path).await;
            let described = file.header("link").strip_prefix('<').unwrap().split('>').next().unwrap();
            let mut manifest: Value = serde_json::from_str(&fetch(&world, &reader, described).await.text()).unwrap();
            let table = read(format, &file.body);
            assert_eq!(manifest["rows"], table.rows.len());
            for sum in ["rows", "bytes", "sha256"] {
                manifest.as_object_mut().unwrap().remove(sum);
            }
            assert_eq!(table.about, manifest);
        }
        let file = fetch(&world, &reader, "/export/positions.parquet").await;
        let parquet = open_parquet(&file.body);
        assert_eq!(parquet.metadata().file_metadata().created_by().unwrap().split(' ').next(), Some("demarche"));
        for group in parquet.metadata().row_groups() {
            assert!(group.num_rows() <= 65_536);
            let id = group.column(0);
            assert!(matches!(id.compression(), parquet::basic::Compression::ZSTD(_)));
            assert!(id.statistics().is_some(), "readers pass over groups by them");
        }
    }

    async fn an_empty_table_is_a_file_with_columns(world with sample) {
        let reader = world.reader().await;
        let question = json!({ "filter": { "stakeholder": { "slug": { "eq": "nobody" } } } });
        for format in FORMATS {
            let file = asked(&world, &reader, &format!("/export/positions.{format}"), &question).await;
            let table = read(format, &file.body);
            assert_eq!(table.rows.len(), 0);
            assert!(table.names.contains(&"stance".to_owned()), "{format}");
        }
    }

    async fn restricted_columns_leave_if_they_are_named_and_others_never(world with sample) {
        let reader = world.reader().await;
        let csv = rows(&fetch(&world, &reader, "/export/sources.csv?columns=slug,createdBy").await.text());
        for format in FORMATS {
            let all = read(format, &fetch(&world, &reader, &format!("/export/sources.{format}")).await.body);
            assert!(!all.names.iter().any(|name| ["createdBy", "text"].contains(&name.as_str())));
            let named = read(format, &fetch(&world, &reader, &format!("/export/sources.{format}?columns=slug,createdBy,text")).await.body);
            assert_eq!(named.names, ["slug", "createdBy", "text"]);
            assert_eq!(named.rows[0]["createdBy"], csv[1][1].as_str());
            let hidden = fetch(&world, &reader, &format!("/export/sources.{format}?columns=slug,superseded_at")).await;
            assert_eq!(hidden.status, 400);
            assert!(hidden.message().contains("has no column \"superseded_at\""), "{}", hidden.message());
        }
        let other = fetch(&world, &reader, "/export/archive.parquet").await;
        assert_eq!((other.status, other.message().contains("expected jsonl or jsonld")), (400, true));
        let other = fetch(&world, &reader, "/export/positions.orc").await;
        assert!(other.message().contains("expected csv, jsonl, parquet or arrow"));
    }

    async fn markings_hold_for_columns_too(world with sample) {
        let reader = world.reader().await;
        world.load(
            "{\"record\":\"dossier\",\"slug\":\"secret\",\"title\":\"Secret\"}\n\
             {\"record\":\"stakeholder\",\"slug\":\"open\",\"name\":\"=Open\",\"kind\":\"GROUP\",\"marking\":\"AMBER\"}\n\
             {\"record\":\"stakeholder\",\"slug\":\"strict\",\"name\":\"Strict\",\"kind\":\"GROUP\",\"marking\":\"AMBER_STRICT\"}\n\
             {\"record\":\"stakeholder\",\"slug\":\"red\",\"name\":\"Red\",\"kind\":\"GROUP\",\"marking\":\"RED\"}\n",
        ).await;
        for format in FORMATS {
            let file = fetch(&world, &reader, &format!("/export/stakeholders.{format}?dossier=secret")).await;
            let table = read(format, &file.body);
            let names: Vec<&Value> = table.rows.iter().map(|row| &row["name"]).collect();
            // As it is: no program runs a formula that stands in a column of texts.
            assert_eq!(names, ["=Open"], "{format}");
            assert_eq!(table.about["markingMax"], "AMBER");
            assert_eq!(fetch(&world, &world.anonymous(), &format!("/export/stakeholders.{format}")).await.status, 401);
        }
    }

    async fn what_left_in_columns_is_in_the_audit_log_by_name(world with sample) {
        let reader = world.reader().await;
        let admin = world.admin().await;
        for format in FORMATS {
            let file = fetch(&world, &reader, &format!("/export/ratings.{format}?columns=id")).await;
            let mut left: Vec<String> =
                read(format, &file.body).rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
            let query = "{ audit(filter: { action: [EXPORT] }) { nodes { operation records } } }";
            let entry = admin.data(query).await["audit"]["nodes"][0].take();
            assert_eq!(entry["operation"], format!("export ratings.{format}"));
            let mut named: Vec<String> = serde_json::from_value(entry["records"].clone()).unwrap();
            left.sort();
            named.sort();
            assert!(!left.is_empty());
            assert_eq!(left, named, "{format}");
        }
    }
}
