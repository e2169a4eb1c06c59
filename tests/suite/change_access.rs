//! What has changed in what one may see: whoever keeps a copy learns what to fetch and what to drop.

use demarche_tests::{Desk, build};
use entity::words::{Marking, MemberRole, Role};
use serde_json::{Value, json};

use crate::change::{Copy, all, beginning, done, mark, member, now, said, say, text};
use crate::export_file::{fetch, records};
use crate::marked::key;

fn account(key: i64) -> String {
    demarche_core::id::encode(entity::kind::Kind::Account, key)
}

demarche_tests::suite! {
    async fn what_is_marked_higher_is_withdrawn_from_those_who_saw_it(world) {
        let desk = Desk::open(&world).await;
        let amber = member(&world, &desk, 10, Marking::Amber).await;
        let clear = member(&world, &desk, 11, Marking::Clear).await;
        let stakeholder = desk.make("Stakeholder", json!({ "slug": "exposed", "marking": "GREEN" })).await;
        let position = desk.make("Position", json!({ "stakeholder": stakeholder })).await;
        let other = desk.make("Position", json!({})).await;
        let mut copies = [Copy::whole(&world, &amber, "positions").await, Copy::whole(&world, &clear, "positions").await];
        let from = now(&amber).await;
        let of_clear = now(&clear).await;
        desk.edit("Stakeholder", &stakeholder, 1, json!({ "marking": "RED" }), "id").await;
        mark(&desk.client, &other, "RED").await;
        let withdrawn = say([("WITHDRAWN", &stakeholder), ("WITHDRAWN", &position), ("WITHDRAWN", &other)]);
        assert_eq!(said(&amber, &from).await, withdrawn);
        let (changes, end) = all(&amber, &from).await;
        assert!(changes.iter().all(|change| change["node"].is_null()));
        // Whoever never saw the first two is told of neither; of the third they are.
        assert_eq!(said(&clear, &of_clear).await, say([("WITHDRAWN", &other)]));
        assert_eq!(
            said(&desk.client, &from).await,
            say([("EDITED", &stakeholder), ("MARKED", &position), ("MARKED", &other)])
        );
        for (copy, client) in copies.iter_mut().zip([&amber, &clear]) {
            copy.follow(&world, client).await;
            assert!(copy.records.is_empty(), "{:?}", copy.records);
        }
        mark(&desk.client, &other, "AMBER").await;
        assert_eq!(said(&amber, &end).await, say([("MARKED", &other)]));
        assert_eq!(said(&clear, &of_clear).await, say([("WITHDRAWN", &other)]));
    }

    async fn members_who_come_and_go_learn_what_to_fetch_and_what_to_drop(world) {
        let desk = Desk::open(&world).await;
        let guest = world.newcomer(10, Role::Analyst, Marking::Red).await;
        let (from, own) = (now(&guest).await, now(&desk.client).await);
        assert_eq!(from, beginning());
        let set = json!({ "dossier": desk.dossier, "email": "account10@example.org", "role": "READER" });
        let remove = json!({ "dossier": desk.dossier, "account": account(10) });
        done(&desk.client, "setMember", set.clone()).await;
        let gained = format!("ACCESS_GAINED {}", desk.dossier);
        assert_eq!(said(&guest, &from).await.last(), Some(&gained));
        let mut copy = Copy::whole(&world, &guest, "stakeholders").await;
        assert_eq!(copy.records.len(), 2);
        let before = now(&guest).await;
        // Another role is no other access.
        done(&desk.client, "setMember", json!({ "dossier": desk.dossier, "email": "account10@example.org", "role": "ANALYST" })).await;
        assert_eq!(said(&guest, &before).await, Vec::<String>::new());
        done(&desk.client, "removeMember", remove.clone()).await;
        let hidden = desk.make("Stakeholder", json!({ "slug": "later" })).await;
        let ended = say([("ACCESS_ENDED", &desk.dossier)]);
        assert_eq!(said(&guest, &before).await, ended);
        assert_eq!(copy.follow(&world, &guest).await, 1);
        assert!(copy.records.is_empty());
        let after = now(&guest).await;
        // Back again: what was lost meanwhile was not lost, and what happened meanwhile is told.
        done(&desk.client, "setMember", set).await;
        let both = [say([("CREATED", &hidden)]), vec![gained]].concat();
        assert_eq!(said(&guest, &before).await, both);
        assert_eq!(said(&guest, &after).await, both);
        // Nobody else is told whose access it was.
        assert_eq!(said(&desk.client, &own).await, say([("CREATED", &hidden)]));
        assert_eq!(said(&world.admin().await, &own).await, say([("CREATED", &hidden)]));
    }

    async fn a_dossier_that_is_deleted_is_lost_to_all_who_saw_it(world) {
        let desk = Desk::open(&world).await;
        let guest = member(&world, &desk, 10, Marking::Red).await;
        let (gone, stranger) = (member(&world, &desk, 11, Marking::Red).await, world.newcomer(12, Role::Reader, Marking::Red).await);
        let admin = world.admin().await;
        world.admit(key(&json!(desk.dossier)), 3, MemberRole::Reader).await;
        let from = now(&admin).await;
        let mut copy = Copy::whole(&world, &guest, "stakeholders").await;
        done(&desk.client, "removeMember", json!({ "dossier": desk.dossier, "account": account(11) })).await;
        desk.make("Stakeholder", json!({ "slug": "last" })).await;
        done(&desk.client, "deleteDossier", json!({ "id": desk.dossier, "version": 1, "slug": desk.slug })).await;
        for client in [&desk.client, &guest, &gone, &admin] {
            assert_eq!(said(client, &from).await, say([("ACCESS_ENDED", &desk.dossier)]));
        }
        assert_eq!(said(&stranger, &from).await, Vec::<String>::new());
        copy.follow(&world, &guest).await;
        assert!(copy.records.is_empty());
    }

    async fn a_dossier_marked_above_a_clearance_is_lost_and_found(world) {
        let desk = Desk::open(&world).await;
        let (amber, red) = (member(&world, &desk, 10, Marking::Amber).await, member(&world, &desk, 11, Marking::Red).await);
        let from = now(&red).await;
        desk.edit("Dossier", &desk.dossier, 1, json!({ "marking": "RED" }), "id").await;
        assert_eq!(said(&amber, &from).await, say([("ACCESS_ENDED", &desk.dossier)]));
        assert!(said(&red, &from).await.contains(&format!("EDITED {}", desk.dossier)));
        let mut told = said(&red, &from).await;
        told.retain(|line| line.starts_with("ACCESS"));
        assert_eq!(told, Vec::<String>::new());
        let after = now(&red).await;
        desk.edit("Dossier", &desk.dossier, 2, json!({ "marking": "AMBER" }), "id").await;
        let both = said(&amber, &after).await;
        assert!(both.contains(&format!("ACCESS_GAINED {}", desk.dossier)) && both.contains(&format!("EDITED {}", desk.dossier)), "{both:?}");
        assert_eq!(said(&red, &after).await, say([("EDITED", &desk.dossier)]));
    }

    async fn another_clearance_and_another_role_are_told_to_whose_they_are(world) {
        let desk = Desk::open(&world).await;
        let someone = member(&world, &desk, 10, Marking::Red).await;
        let admin = world.admin().await;
        let (from, own) = (now(&someone).await, account(10));
        let edit = async |changes: Value| done(&admin, "updateAccount", build::merge(json!({ "id": own }), changes)).await;
        edit(json!({ "clearance": "GREEN" })).await;
        assert_eq!(said(&someone, &from).await, say([("CLEARANCE_LOWERED", &own)]));
        edit(json!({ "name": "Somebody Else" })).await;
        edit(json!({ "clearance": "AMBER" })).await;
        assert_eq!(said(&someone, &from).await, say([("CLEARANCE_LOWERED", &own), ("CLEARANCE_RAISED", &own)]));
        let other = Desk::open_another(world.analyst().await, "another").await;
        let from = now(&someone).await;
        edit(json!({ "role": "ADMIN" })).await;
        assert_eq!(said(&someone, &from).await.last(), Some(&format!("ACCESS_GAINED {}", other.dossier)));
        let from = now(&someone).await;
        edit(json!({ "role": "ANALYST" })).await;
        assert_eq!(said(&someone, &from).await, say([("ACCESS_ENDED", &other.dossier)]));
    }

    async fn a_token_of_one_dossier_hears_of_that_one(world) {
        let (desk, other) = (Desk::open(&world).await, Desk::open_another(world.analyst().await, "another").await);
        let input = json!({ "name": "copy", "scopes": ["READ", "EXPORT"], "dossier": desk.dossier });
        let token = desk.client.mutate("createAccessToken", input, "token").await;
        let bound = world.with_token(&text(&token["token"]));
        let from = now(&bound).await;
        other.make("Stakeholder", json!({ "slug": "there" })).await;
        let here = desk.make("Stakeholder", json!({ "slug": "here" })).await;
        assert_eq!(said(&bound, &from).await, say([("CREATED", &here)]));
        let (file, _) = records(&fetch(&world, &bound, &format!("/export/changes.jsonl?since={from}")).await.text());
        assert_eq!(file.len(), 1);
    }
}
