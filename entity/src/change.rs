//! What each transaction has changed: one row for each record that it wrote, in commit order, and one for each account whose
//! access it changed.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{Condition, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::kind::Kind;
use crate::orm::Relation;
use crate::scope::Scope;
use crate::words::{ChangeAction, Marking};

/// A row. It names a record and holds nothing of what that says.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change")]
pub struct Model {
    /// The number of the transaction: that of its last entry in the audit log, which is given while all others who write wait.
    /// So numbers are in the order of commits, and whoever sees one sees all before it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// The key of the record; of the account whose access was changed.
    #[sea_orm(primary_key, auto_increment = false)]
    pub record_id: i64,
    /// The dossier of the record; that to which access was changed, 0 if it is the clearance.
    #[sea_orm(primary_key, auto_increment = false)]
    pub dossier_id: i64,
    /// The kind of the record.
    pub kind: Kind,
    /// What happened.
    pub action: ChangeAction,
    /// The marking that the record has since.
    pub marking: Marking,
    /// The marking that it had before, if that was another one. What was superseded or retracted has one unless it was made in the
    /// same transaction, so that nobody has seen it.
    pub marking_before: Option<Marking>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A place in the order of changes: behind the change with this key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its transaction.
    pub seq: i64,
    /// Its record.
    pub record_id: i64,
    /// Its dossier.
    pub dossier_id: i64,
}

impl Model {
    /// Its place.
    pub const fn place(&self) -> Place {
        Place { seq: self.seq, record_id: self.record_id, dossier_id: self.dossier_id }
    }
}

impl Entity {
    /// The changes that somebody may be told of, as far as the changes themselves say it: of records that they could see
    /// before or after, and of their own access. `dossier` is the only one that is asked about. The order is the caller's.
    pub fn heard(scope: &Scope, account: i64, dossier: Option<i64>) -> Select<Self> {
        let clearance = scope.clearance();
        let cleared = Condition::any().add(Column::Marking.lte(clearance)).add(Column::MarkingBefore.lte(clearance));
        let records = Condition::all()
            .add(Column::Kind.ne(Kind::Account))
            .add(scope.within(Column::DossierId))
            .add_option(dossier.map(|dossier| Column::DossierId.eq(dossier)));
        let access = Condition::all()
            .add(Column::Kind.eq(Kind::Account))
            .add(Column::RecordId.eq(account))
            .add_option(dossier.map(|dossier| Column::DossierId.is_in([dossier, 0])));
        Self::find().filter(cleared).filter(Condition::any().add(records).add(access))
    }

    /// Those of changes that lie after a place, in their order.
    pub fn after(select: Select<Self>, place: Place) -> Select<Self> {
        Self::beyond(select, place)
            .order_by_asc(Column::Seq)
            .order_by_asc(Column::RecordId)
            .order_by_asc(Column::DossierId)
    }

    /// The last of changes that lie after a place.
    pub fn last(select: Select<Self>, place: Place) -> Select<Self> {
        Self::beyond(select, place)
            .order_by_desc(Column::Seq)
            .order_by_desc(Column::RecordId)
            .order_by_desc(Column::DossierId)
            .limit(1)
    }

    fn beyond(select: Select<Self>, place: Place) -> Select<Self> {
        // As one comparison of rows: in the middle of a large transaction, the key leads to the place.
        let key = Expr::tuple([Column::Seq.into_expr(), Column::RecordId.into_expr(), Column::DossierId.into_expr()]);
        let there = Expr::tuple([place.seq.into(), place.record_id.into(), place.dossier_id.into()]);
        select.filter(key.gt(there))
    }
}
