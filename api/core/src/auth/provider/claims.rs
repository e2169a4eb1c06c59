//! What a provider's claims mean here: an address, a role, a clearance.

use std::collections::BTreeMap;

use entity::words::{Marking, Role};
use serde_json::{Map, Value};

/// What a provider's claims mean here.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// The claim that holds the address.
    pub email_claim: String,
    /// Whether the address counts without the claim `email_verified`.
    pub trusts_email: bool,
    /// Whether somebody without an account is given one.
    pub makes_accounts: bool,
    /// Which role.
    pub role: Grades<Role>,
    /// Which clearance.
    pub clearance: Grades<Marking>,
}

impl Mapping {
    /// The address, if the provider has made sure that it is theirs: whoever could name any would be anybody.
    pub fn email(&self, claims: &Map<String, Value>) -> Option<String> {
        let is_verified = self.trusts_email || claims.get("email_verified") == Some(&Value::Bool(true));
        find(claims, &self.email_claim)?.as_str().filter(|_| is_verified).map(str::to_owned)
    }
}

/// A claim, and what its values stand for.
#[derive(Clone, Debug)]
pub struct Grades<T> {
    /// The claim; none if it says nothing about this.
    pub claim: Option<String>,
    /// What each of its values stands for.
    pub values: BTreeMap<String, T>,
}

impl<T> Default for Grades<T> {
    fn default() -> Self {
        Self { claim: None, values: BTreeMap::new() }
    }
}

impl<T: Copy + Ord> Grades<T> {
    /// Whether a claim says something about this.
    pub const fn is_claimed(&self) -> bool {
        self.claim.is_some()
    }

    /// The highest grade that the claim gives: it may be one text or a list of them.
    pub fn of(&self, claims: &Map<String, Value>) -> Option<T> {
        let grade = |value: &Value| self.values.get(value.as_str()?).copied();
        match find(claims, self.claim.as_deref()?)? {
            Value::Array(values) => values.iter().filter_map(grade).max(),
            value => grade(value),
        }
    }
}

/// A claim by its name or, if there is none of that name, by a path joined by dots.
fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        rest.split('.').try_fold(claims.get(first)?, |value, part| value.get(part))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn grades(claim: &str) -> Grades<Role> {
        let values = [("readers", Role::Reader), ("chiefs", Role::Admin)].map(|(text, role)| (text.to_owned(), role));
        Grades { claim: Some(claim.to_owned()), values: values.into() }
    }

    #[test]
    fn the_highest_grade_counts() {
        let of = |value| grades("groups").of(&claims(&json!({ "groups": value })));
        assert_eq!(of(json!("readers")), Some(Role::Reader));
        assert_eq!(of(json!(["readers", "chiefs", "others", 1])), Some(Role::Admin));
        for nothing in [json!("others"), json!([]), json!(null), json!({ "readers": true }), json!("Readers")] {
            assert_eq!(of(nothing.clone()), None, "{nothing}");
        }
        assert_eq!(Grades::<Role>::default().of(&claims(&json!({ "groups": "readers" }))), None);
    }

    #[test]
    fn a_claim_is_found_by_its_name_before_its_path() {
        let token =
            claims(&json!({ "realm.roles": "readers", "realm": { "roles": "chiefs", "x": { "y": "chiefs" } } }));
        assert_eq!(grades("realm.roles").of(&token), Some(Role::Reader));
        assert_eq!(grades("realm.x.y").of(&token), Some(Role::Admin));
        assert_eq!(grades("realm.z").of(&token), None);
        assert_eq!(grades("").of(&token), None);
    }

    #[test]
    fn an_address_must_be_verified() {
        let mapping = |trusts_email| Mapping { email_claim: "email".into(), trusts_email, ..Mapping::default() };
        let of = |trusts, value| mapping(trusts).email(&claims(&value));
        assert_eq!(of(false, json!({ "email": "a@b", "email_verified": true })).as_deref(), Some("a@b"));
        assert_eq!(of(false, json!({ "email": "a@b", "email_verified": "true" })), None);
        assert_eq!(of(false, json!({ "email": "a@b" })), None);
        assert_eq!(of(true, json!({ "email": "a@b" })).as_deref(), Some("a@b"));
        assert_eq!(of(true, json!({ "email": 1 })), None);
    }
}
