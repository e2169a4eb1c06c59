//! stub
pub fn encode(kind: entity::kind::Kind, key: i64) -> String {
    format!("{}_{key}", kind.prefix())
}
