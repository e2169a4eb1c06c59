//! The vocabulary, as GraphQL enums: this is where each word is defined for its readers.

mod access;
mod evidence;
mod log;
mod marking;
mod mechanism;
mod position;
mod record;
mod stakeholder;

pub use self::access::{MemberRole, Role, TokenScope};
pub use self::evidence::{DatePrecision, Likelihood, Reliability};
pub use self::log::{AuditAction, AuditCredential, AuditOutcome, ChangeAction};
pub use self::marking::Marking;
pub use self::mechanism::{ImplicationKind, MechanismKind, MechanismMode, MechanismStatus, PartyRole, Verdict};
pub use self::position::{Frame, Stance};
pub use self::record::RecordKind;
pub use self::stakeholder::{EventRole, RelationKind, StakeholderKind};
