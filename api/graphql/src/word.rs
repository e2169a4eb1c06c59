//! The vocabulary, as GraphQL enums: this is where each word is defined for its readers.

use async_graphql::Enum;
use entity::words;

/// What sort of actor a stakeholder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::StakeholderKind")]
pub enum StakeholderKind {
    /// A sovereign state as a subject of international law, e.g. a voting member of the UN General Assembly.
    State,
    /// The government of a state: who acts for it at a given time.
    Government,
    /// A body of a government with a task of its own: a ministry, a police force, an intelligence service.
    Agency,
    /// A body outside government: a company, a party, a non-governmental organisation, a newsroom.
    Organization,
    /// A body made by states, e.g. the United Nations.
    InternationalOrganization,
    /// A human being.
    Person,
    /// People who share a view or a trade without a formal body, e.g. "hardline officials".
    Group,
    /// An organised non-state group that uses violence, e.g. a cartel.
    ArmedGroup,
    /// The people of a country or place as a whole.
    Public,
}

/// Who would act together. A cooperation mechanism is one whose mode is `BILATERAL` or `MULTILATERAL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::MechanismMode")]
pub enum MechanismMode {
    /// One state acts beyond its own borders without the others' consent.
    Unilateral,
    /// A state acts within its own borders.
    Domestic,
    /// Two states act together.
    Bilateral,
    /// Three or more states act together, or through an international organisation.
    Multilateral,
}

/// What a mechanism consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::MechanismKind")]
pub enum MechanismKind {
    /// Military force.
    UseOfForce,
    /// A standing joint unit.
    TaskForce,
    /// Sharing of equipment or know-how.
    TechnologySharing,
    /// Sharing of information on the adversary.
    IntelligenceSharing,
    /// Measures at a border.
    BorderSecurity,
    /// An agreement on what is allowed, under which conditions.
    LegalFramework,
    /// A law or a constitutional amendment.
    Legislation,
    /// Policing: seizures, arrests, prosecutions.
    LawEnforcement,
    /// Sending of forces to a place.
    Deployment,
    /// Putting somebody on a legal list, e.g. of terrorist organisations.
    Designation,
    /// Restrictive measures, mostly economic.
    Sanctions,
    /// Talks.
    Dialogue,
    /// A text put to a vote in an assembly.
    Resolution,
    /// None of the others.
    Other,
}

/// The part of a stakeholder in a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::PartyRole")]
pub enum PartyRole {
    /// Put it forward.
    Proposer,
    /// Would carry it out.
    Implementer,
    /// It would happen on their territory.
    Host,
    /// It is directed against them.
    Target,
    /// Would control it.
    Overseer,
    /// Would feel its effects without having a part in it.
    Affected,
}

/// The ground on which an argument stands (framing, in the sense of political communication).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::Frame")]
pub enum Frame {
    /// A state's right to decide what happens on its territory.
    Sovereignty,
    /// What the law allows.
    Legal,
    /// What it does to relations between states.
    Diplomatic,
    /// Safety from violence.
    Security,
    /// That one thing leads to a worse one.
    Escalation,
    /// Illness and death, e.g. by overdose.
    PublicHealth,
    /// Whether it works.
    Effectiveness,
    /// What it costs or earns.
    Economic,
    /// What it does to people.
    Humanitarian,
    /// Who gains or loses power, votes or pride.
    Political,
}

/// What a directed tie between two stakeholders is: *from* is or does this to *to*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::RelationKind")]
pub enum RelationKind {
    /// Is a part of it, as an agency of a government.
    PartOf,
    /// Is a member of it.
    MemberOf,
    /// Is its head.
    Leads,
    /// Holds an office in it.
    HoldsOfficeIn,
    /// Controls or supervises it.
    Oversees,
    /// Gives it advice.
    Advises,
    /// Speaks for it.
    Represents,
    /// Is bound to it by an alliance.
    AlliedWith,
    /// Works together with it.
    CooperatesWith,
    /// Is in talks with it.
    NegotiatesWith,
    /// Mediates for it.
    Mediates,
    /// Gives it money.
    Funds,
    /// Puts pressure on it.
    Pressures,
    /// Works against it.
    Opposes,
    /// Threatens it with harm.
    Threatens,
    /// Is in a conflict with it, armed or not.
    InConflictWith,
    /// Has put it on a legal list.
    Designates,
}

/// A step in the life of a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::MechanismStatus")]
pub enum MechanismStatus {
    /// Talked about, e.g. in a leak, without a formal proposal.
    Floated,
    /// Formally put forward.
    Proposed,
    /// Under negotiation.
    Negotiating,
    /// Agreed, not yet binding.
    Agreed,
    /// Passed into law or ordered.
    Enacted,
    /// Being carried out.
    InForce,
    /// Halted for a time.
    Suspended,
    /// Turned down.
    Rejected,
    /// Given up by those who wanted it.
    Abandoned,
    /// Came to its appointed end.
    Expired,
}

/// Whether a condition is met, in the eyes of an assessor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::Verdict")]
pub enum Verdict {
    /// It is met.
    Met,
    /// It is not met.
    Unmet,
    /// There are serious reasons for both.
    Contested,
    /// It cannot be said.
    Unknown,
}

/// What sort of consequence an implication is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::ImplicationKind")]
pub enum ImplicationKind {
    /// Something bad that might follow.
    Risk,
    /// Something good that might follow.
    Opportunity,
    /// What is to be learnt.
    Lesson,
}

/// The part of a stakeholder in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::EventRole")]
pub enum EventRole {
    /// Did it.
    Initiator,
    /// It was done to them.
    Target,
    /// Took part in it.
    Participant,
}

/// The Admiralty code's grade of a *source* (NATO AJP-2.1): how far it can be trusted in general, whatever it says
/// this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::Reliability")]
pub enum Reliability {
    /// Completely reliable.
    A,
    /// Usually reliable.
    B,
    /// Fairly reliable.
    C,
    /// Not usually reliable.
    D,
    /// Unreliable.
    E,
    /// Reliability cannot be judged.
    F,
}

/// How much is known of a date. Analysts rarely know more than the month, and need not pretend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::DatePrecision")]
pub enum DatePrecision {
    /// The day is known.
    Day,
    /// Only the month is known; the date given is its first day.
    Month,
    /// Only the year is known; the date given is its first day.
    Year,
}

/// What an account may do in the whole instance. In a dossier, its role as a member counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::Role")]
pub enum Role {
    /// Only ever reads, whatever it is a member of.
    Reader,
    /// May open dossiers, and do in a dossier what its role as a member permits.
    Analyst,
    /// Owns every dossier, manages accounts, and reads the audit log of the instance.
    Admin,
}

/// What a member may do in a dossier. Each may do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::MemberRole")]
pub enum MemberRole {
    /// Reads and exports, as far as its clearance reaches.
    Reader,
    /// Creates and edits nodes, records and supersedes assertions, and retracts its own.
    Analyst,
    /// Retracts what others have recorded as well.
    Editor,
    /// Manages members, changes markings, reads the audit log of the dossier, and may delete it.
    Owner,
}

/// What an access token lets its bearer do, at most: what its account may do still bounds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::TokenScope")]
pub enum TokenScope {
    /// To read records.
    Read,
    /// To open dossiers, edit nodes, record, supersede and retract assertions, and change markings. Needs `READ`.
    Write,
    /// To take records away in a file, up to the marking `AMBER`.
    Export,
    /// To take away what is marked `AMBER_STRICT` or `RED` as well, as far as the account is cleared. Needs `EXPORT`. A session
    /// does not have it, so that only the command line hands it out.
    ExportAmberStrict,
    /// To manage members, accounts, sessions and access tokens, to read the audit log, and to delete dossiers.
    Admin,
}

/// Where a stakeholder stands on a mechanism: a five-point scale, −2 to +2. Comparisons (`gt`, `lt`) follow the
/// scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::Stance")]
pub enum Stance {
    /// −2: rejects it in the strongest terms or acts against it.
    StronglyOppose,
    /// −1: is against it.
    Oppose,
    /// 0: abstains, or says both.
    Neutral,
    /// +1: is for it.
    Support,
    /// +2: demands it or drives it.
    StronglySupport,
}

/// A band of probability in the words of ICD 203, the analytic standard of the US intelligence community. Comparisons
/// follow the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[graphql(remote = "words::Likelihood")]
pub enum Likelihood {
    /// Almost no chance: 1–5 %.
    AlmostNoChance,
    /// Very unlikely: 5–20 %.
    VeryUnlikely,
    /// Unlikely: 20–45 %.
    Unlikely,
    /// Roughly even chance: 45–55 %.
    RoughlyEvenChance,
    /// Likely: 55–80 %.
    Likely,
    /// Very likely: 80–95 %.
    VeryLikely,
    /// Almost certain: 95–99 %.
    AlmostCertain,
}

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

/// The kind of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum RecordKind {
    /// One policy question under study.
    Dossier,
    /// An actor.
    Stakeholder,
    /// A proposed way to act.
    Mechanism,
    /// A prerequisite of a mechanism.
    Condition,
    /// A reusable reason.
    Argument,
    /// A document.
    Source,
    /// A stance taken on a mechanism.
    Position,
    /// A tie between two stakeholders.
    Relation,
    /// A step in a mechanism's life.
    Status,
    /// A verdict on a condition.
    Finding,
    /// Something that happened.
    Event,
    /// A foreseen consequence or a lesson.
    Implication,
    /// A stakeholder's influence, interest and salience.
    Rating,
}

impl From<RecordKind> for entity::kind::Kind {
    fn from(kind: RecordKind) -> Self {
        match kind {
            RecordKind::Dossier => Self::Dossier,
            RecordKind::Stakeholder => Self::Stakeholder,
            RecordKind::Mechanism => Self::Mechanism,
            RecordKind::Condition => Self::Condition,
            RecordKind::Argument => Self::Argument,
            RecordKind::Source => Self::Source,
            RecordKind::Position => Self::Position,
            RecordKind::Relation => Self::Relation,
            RecordKind::Status => Self::Status,
            RecordKind::Finding => Self::Finding,
            RecordKind::Event => Self::Event,
            RecordKind::Implication => Self::Implication,
            RecordKind::Rating => Self::Rating,
        }
    }
}

impl RecordKind {
    /// The kind of a record; none if it is something else that has an id.
    pub const fn of(kind: entity::kind::Kind) -> Option<Self> {
        use entity::kind::Kind;
        Some(match kind {
            Kind::Dossier => Self::Dossier,
            Kind::Stakeholder => Self::Stakeholder,
            Kind::Mechanism => Self::Mechanism,
            Kind::Condition => Self::Condition,
            Kind::Argument => Self::Argument,
            Kind::Source => Self::Source,
            Kind::Position => Self::Position,
            Kind::Relation => Self::Relation,
            Kind::Status => Self::Status,
            Kind::Finding => Self::Finding,
            Kind::Event => Self::Event,
            Kind::Implication => Self::Implication,
            Kind::Rating => Self::Rating,
            Kind::Revision | Kind::Account | Kind::Session | Kind::AccessToken | Kind::AuditEntry => return None,
        })
    }
}
