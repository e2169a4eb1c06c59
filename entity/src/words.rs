//! The vocabulary: the closed lists of words that records use. What each word means to an analyst is said once, in the
//! GraphQL schema; here it is only stored.

mod access;
mod evidence;
mod log;
mod marking;
mod mechanism;
mod position;
mod stakeholder;

pub use self::access::{MemberRole, Role, TokenScope};
pub use self::evidence::{DatePrecision, Likelihood, Reliability};
pub use self::log::{AuditAction, AuditCredential, AuditOutcome, ChangeAction};
pub use self::marking::Marking;
pub use self::mechanism::{ImplicationKind, MechanismKind, MechanismMode, MechanismStatus, PartyRole, Verdict};
pub use self::position::{ArgumentLinkKind, Frame, Stance};
pub use self::stakeholder::{EventRole, RelationKind, StakeholderKind};
