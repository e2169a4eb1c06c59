//! The words of markings.

use async_graphql::Enum;
use entity::words;

/// How far a record may travel: the Traffic Light Protocol 2.0 (FIRST). Comparisons follow the scale, `CLEAR` first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::Marking")]
pub enum Marking {
    /// TLP:CLEAR, for everybody.
    Clear,
    /// TLP:GREEN, for the community.
    Green,
    /// TLP:AMBER, for the organisation and its clients, who need to know.
    Amber,
    /// TLP:AMBER+STRICT, for the organisation only.
    AmberStrict,
    /// TLP:RED, for the eyes and ears of the individual recipients only.
    Red,
}
