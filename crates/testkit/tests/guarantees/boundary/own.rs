//! Tables that no member of any organization reaches: those of people, which the program and the person see, and those
//! of an organization that are the program's alone.

use std::collections::BTreeSet;

use testkit::pg;

use super::tables::{all, hash, membership, other, standing, uuid};
use super::updates::updates;
use super::walls::copy_out;
use super::{Signer, attempt, cell, now, number, rehearse, runtime};
use crate::support::House;

/// Two people. The first is the one who asks.
pub(crate) const ANN: i32 = 4_001;
pub(crate) const BEN: i32 = 4_002;
/// Rows of this owner are of no person yet: a ticket for an invitation, the mail it goes with.
const NOBODY: i32 = 0;

/// Whose rows a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// A person's: `person_id`.
    Person,
    /// A person's, or nobody's yet.
    PersonOrNobody,
    /// An organization's: `organization_id`.
    Organization,
    /// The installation's.
    Installation,
}

impl Whose {
    fn owners(self, house: &House) -> Vec<i32> {
        match self {
            Self::Person => vec![ANN, BEN],
            Self::PersonOrNobody => vec![ANN, BEN, NOBODY],
            Self::Organization => vec![house.a.id(), house.b.id()],
            Self::Installation => vec![NOBODY],
        }
    }

    /// The column of the owner.
    fn column(self) -> Option<&'static str> {
        match self {
            Self::Person | Self::PersonOrNobody => Some("person_id"),
            Self::Organization => Some("organization_id"),
            Self::Installation => None,
        }
    }
}

/// Columns and values of the row of an owner that a number names.
type Row = fn(i32, u32) -> (&'static str, String);

/// A table of such rows.
pub(crate) struct Own {
    pub(crate) name: &'static str,
    /// As [`super::tables::Table::grants`].
    pub(crate) grants: &'static str,
    whose: Whose,
    row: Row,
}

/// The number of the row that an owner has from the beginning.
fn first(owner: i32, whose: Whose) -> u32 {
    if whose == Whose::Organization { standing(owner, 0) } else { u32::try_from(owner).unwrap() }
}

/// The client, provider and family that other rows of an organization name.
fn known(organization: i32) -> String {
    uuid(standing(organization, 0))
}

fn person(owner: i32) -> String {
    if owner == NOBODY { "NULL".to_owned() } else { owner.to_string() }
}

pub(crate) const OWN: [Own; 18] = [
    Own {
        name: "people.person",
        grants: "SIU",
        whose: Whose::Person,
        row: |p, n| {
            (
                "person_id, handle, email_key, details, created_at",
                format!("{p}, {}, {}, '\\x00', now()", uuid(n), hash(n)),
            )
        },
    },
    Own {
        name: "people.factor",
        grants: "SIUD",
        whose: Whose::Person,
        row: |p, n| {
            (
                "person_id, factor_id, kind, secret, credential_key, created_at",
                format!("{p}, {}, 'passkey', '\\x00', {}, now()", uuid(n), hash(n)),
            )
        },
    },
    Own {
        name: "people.recovery_code",
        grants: "SIUD",
        whose: Whose::Person,
        row: |p, n| ("person_id, digest", format!("{p}, {}", hash(n))),
    },
    Own {
        name: "people.session",
        grants: "SIU",
        whose: Whose::Person,
        row: |p, n| {
            (
                "session_id, person_id, digest, place, strength, signed_in_at, used_at, idle_seconds, ends_at, agent",
                format!(
                    "{}, {p}, {}, '', 2, now(), now(), 900, now() + interval '1 day', 'x'",
                    uuid(n),
                    hash(n)
                ),
            )
        },
    },
    Own {
        name: "people.context",
        grants: "SIU",
        whose: Whose::Person,
        row: |p, n| {
            (
                "context_id, session_id, person_id, organization_id, membership_id, opened_at",
                format!("{0}, {0}, {p}, 1, 1, now()", uuid(n)),
            )
        },
    },
    Own {
        name: "people.ticket",
        grants: "SIUD",
        whose: Whose::PersonOrNobody,
        row: |p, n| {
            (
                "digest, person_id, purpose, state, created_at, ends_at",
                format!("{}, {}, 'reset', '\\x00', now(), now()", hash(n), person(p)),
            )
        },
    },
    Own {
        name: "people.attempt",
        grants: "SIUD",
        whose: Whose::Installation,
        row: |_, n| ("key, failures, since", format!("{}, 1, now()", hash(n))),
    },
    Own {
        name: "people.message",
        grants: "SIUD",
        whose: Whose::PersonOrNobody,
        row: |p, n| {
            (
                "message_id, person_id, channel, content, created_at, due_at",
                format!("{}, {}, 'mail', '\\x00', now(), now()", uuid(n), person(p)),
            )
        },
    },
    Own {
        name: "oauth.client",
        grants: "S",
        whose: Whose::Organization,
        row: |o, n| {
            (
                "organization_id, client_id, name, redirect_uris, grants, scope, created_at",
                format!("{o}, {}, 'x', '{{}}', '{{}}', '{{}}', now()", uuid(n)),
            )
        },
    },
    Own {
        name: "oauth.signing_key",
        grants: "SIu",
        whose: Whose::Organization,
        row: |o, n| {
            (
                "organization_id, generation, key_id, sealed, created_at, signs_at",
                format!("{o}, {n}, {}, '\\x00', now(), now()", uuid(n)),
            )
        },
    },
    Own {
        name: "oauth.family",
        grants: "SIu",
        whose: Whose::Organization,
        row: |o, n| {
            (
                "organization_id, family_id, client_id, person_id, session_id, membership_id, scope, auth_time, two_factors, created_at, ends_at",
                format!(
                    "{o}, {}, {}, {ANN}, {}, {}, '{{}}', now(), true, now(), now()",
                    uuid(n),
                    known(o),
                    uuid(first(ANN, Whose::Person)),
                    membership(o)
                ),
            )
        },
    },
    Own {
        name: "oauth.code",
        grants: "SIu",
        whose: Whose::Organization,
        row: |o, n| {
            (
                "organization_id, digest, client_id, redirect_uri, challenge, scope, person_id, session_id, membership_id, auth_time, two_factors, expires_at, family_id",
                format!(
                    "{o}, {}, {1}, 'x', repeat('x', 43), '{{}}', {ANN}, {2}, {3}, now(), true, now(), {1}",
                    hash(n),
                    known(o),
                    uuid(first(ANN, Whose::Person)),
                    membership(o)
                ),
            )
        },
    },
    Own {
        name: "oauth.refresh",
        grants: "SIu",
        whose: Whose::Organization,
        row: |o, n| {
            (
                "organization_id, digest, family_id, expires_at",
                format!("{o}, {}, {}, now()", hash(n), known(o)),
            )
        },
    },
    Own {
        name: "oauth.access",
        grants: "SIu",
        whose: Whose::Organization,
        row: |o, n| {
            (
                "organization_id, digest, client_id, family_id, membership_id, scope, created_at, expires_at",
                format!("{o}, {}, {1}, {1}, {2}, '{{}}', now(), now()", hash(n), known(o), membership(o)),
            )
        },
    },
    Own {
        name: "oauth.assertion_jti",
        grants: "SI",
        whose: Whose::Organization,
        row: |o, n| {
            ("organization_id, client_id, jti, expires_at", format!("{o}, {}, {}, now()", known(o), hash(n)))
        },
    },
    Own {
        name: "org.identity_provider",
        grants: "S",
        whose: Whose::Organization,
        row: |o, n| {
            (
                "organization_id, provider_id, name, issuer, client_id, trusts_mfa, mfa_acr, email_domains, created_at",
                format!("{o}, {}, 'x', 'x', 'x', false, '{{}}', '{{}}', now()", uuid(n)),
            )
        },
    },
    Own {
        name: "org.family_news",
        grants: "SIU",
        whose: Whose::Organization,
        row: |o, n| {
            let post = if n == standing(o, 0) { membership(o) } else { other(o) };
            ("organization_id, membership_id", format!("{o}, {post}"))
        },
    },
    Own {
        name: "org.identity",
        grants: "SI",
        whose: Whose::Organization,
        row: |o, n| {
            // One account at a provider for a person.
            let person = if n == standing(o, 0) { ANN } else { BEN };
            (
                "organization_id, provider_id, subject_key, person_id, created_at",
                format!("{o}, {}, {}, {person}, now()", known(o), hash(n)),
            )
        },
    },
];

impl Own {
    fn insert(&self, owner: i32, n: u32) -> String {
        let (columns, values) = (self.row)(owner, n);
        format!("INSERT INTO {} ({columns}) VALUES ({values})", self.name)
    }

    /// Changes every row and leaves it as it is, with a column that may be updated, if there is one.
    fn touch(&self) -> Option<String> {
        let column = match updates(self.name).first() {
            Some(column) => column,
            None if self.grants.contains('U') => (self.row)(ANN, 1).0.split(", ").next()?,
            None => return None,
        };
        Some(format!("UPDATE {} SET {column} = {column}", self.name))
    }
}

/// Who a context speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Nobody who has rows here.
    Nobody,
    Person(i32),
    /// The program, at this organization.
    Program(i32),
}

impl Who {
    fn reaches(self, whose: Whose, owner: i32) -> bool {
        match (self, whose) {
            (Self::Nobody, _) => false,
            (Self::Program(organization), Whose::Organization) => organization == owner,
            (Self::Program(_), _) => true,
            (Self::Person(person), Whose::Person | Whose::PersonOrNobody) => person == owner,
            (Self::Person(_), Whose::Organization | Whose::Installation) => false,
        }
    }
}

const PLATFORM: i32 = kernel::OrganizationId::PLATFORM.0;

fn kinds(house: &House, signer: &Signer) -> Vec<(Who, String, String)> {
    let (a, b, north) = (house.a.id(), house.b.id(), house.a.north.0);
    let soon = now() + 300;
    let own = cell(PLATFORM, 0);
    let said = [
        (Who::Nobody, "a member", signer.context(membership(a), &[cell(a, 0), cell(a, north)])),
        (Who::Nobody, "a bound member", signer.context(membership(a), &[cell(a, 0), -cell(a, north)])),
        (Who::Nobody, "a job", signer.context(0, &[cell(a, 0), cell(a, north)])),
        (Who::Nobody, "a member of the platform", signer.context(7, &[own])),
        // A person's number where a member's cells are, or behind the place where it counts.
        (Who::Nobody, "a member with a number", signer.sign(&format!("{soon},1,{ANN}"))),
        (Who::Nobody, "a job with a number", signer.sign(&format!("{soon},0,{ANN}"))),
        (Who::Nobody, "-3 with a number", signer.sign(&format!("{soon},-3,{ANN}"))),
        (Who::Nobody, "a person without a number", signer.context(-2, &[own, i64::from(ANN)])),
        (Who::Nobody, "-1 as a cell", signer.context(1, &[-1, -2, cell(a, 0)])),
        (Who::Person(ANN), "Ann", signer.context(-2, &[i64::from(ANN), own])),
        (Who::Person(BEN), "Ben", signer.context(-2, &[i64::from(BEN), own])),
        (Who::Program(PLATFORM), "the program", signer.context(-1, &[own])),
        (Who::Program(a), "the program at A", signer.context(-1, &[cell(a, 0)])),
        (Who::Program(b), "the program at B", signer.context(-1, &[cell(b, 0)])),
    ];
    said.map(|(who, name, context)| (who, name.to_owned(), context)).into()
}

/// Contexts of every kind, by name.
pub(crate) fn contexts(house: &House, signer: &Signer) -> Vec<(String, String)> {
    kinds(house, signer).into_iter().map(|(_, name, context)| (name, context)).collect()
}

/// A row of every table for each of its owners. After [`super::furnish::furnish`].
pub(crate) async fn furnish(house: &House, superuser: &pg::Client) {
    for table in &OWN {
        for owner in table.whose.owners(house) {
            let sql = table.insert(owner, first(owner, table.whose));
            superuser.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        }
    }
}

async fn furnished() -> (House, pg::Client, pg::Client, Signer) {
    let house = House::new().await;
    let superuser = house.superuser().await;
    super::furnish::furnish(&house, &superuser).await;
    furnish(&house, &superuser).await;
    let (client, signer) = (runtime(&house).await, Signer::of(&superuser).await);
    (house, superuser, client, signer)
}

/// Everything of a table, byte for byte and with its place on disk.
async fn contents(superuser: &pg::Client, table: &Own) -> String {
    let sql = format!(
        "SELECT string_agg(t::text || t.xmin::text || t.ctid::text, E'\\n' ORDER BY t::text) FROM {} t",
        table.name
    );
    superuser.query_one(&sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn each_sees_the_rows_that_are_theirs_and_no_other() {
    let (house, _superuser, client, signer) = furnished().await;
    for table in &OWN {
        let name = table.name;
        let all = format!("SELECT count(*) FROM {name}");
        assert_eq!(number(&client, None, &all).await, Ok(0), "{name} without a context");
        for (who, said, context) in kinds(&house, &signer) {
            let owners = table.whose.owners(&house);
            let mine = owners.iter().filter(|owner| who.reaches(table.whose, **owner)).count();
            let what = format!("{said}: {name}");
            assert_eq!(number(&client, Some(&context), &all).await, Ok(mine as i64), "{what}");
            for owner in owners {
                let Some(column) = table.whose.column() else { continue };
                let sql = format!("{all} WHERE {column} IS NOT DISTINCT FROM {}", person(owner));
                let seen = i64::from(who.reaches(table.whose, owner));
                assert_eq!(number(&client, Some(&context), &sql).await, Ok(seen), "{what} of {owner}");
            }
            client.batch_execute("BEGIN").await.unwrap();
            client.query("SELECT set_config('lamplight.context', $1, true)", &[&context]).await.unwrap();
            let copied = copy_out(&client, &format!("COPY {name} TO STDOUT")).await.unwrap();
            client.batch_execute("ROLLBACK").await.unwrap();
            assert_eq!(copied.lines().count(), mine, "{what} by COPY");
        }
    }
}

#[tokio::test]
async fn each_changes_removes_and_adds_the_rows_that_are_theirs_and_no_other() {
    let (house, superuser, client, signer) = furnished().await;
    let mut fresh = 700_000;
    for table in &OWN {
        let (name, whose) = (table.name, table.whose);
        let before = contents(&superuser, table).await;
        let mut cases = vec![(Who::Nobody, "no context".to_owned(), None)];
        cases.extend(kinds(&house, &signer).into_iter().map(|(who, said, signed)| (who, said, Some(signed))));
        for (who, said, context) in cases {
            let context = context.as_deref();
            let owners = whose.owners(&house);
            let mine = owners.iter().filter(|owner| who.reaches(whose, **owner)).count() as u64;
            let what = format!("{said}: {name}");
            for (granted, sql) in
                [(true, table.touch()), (table.grants.contains('D'), Some(format!("DELETE FROM {name}")))]
            {
                let Some(sql) = sql else { continue };
                match rehearse(&client, context, &sql).await {
                    Ok(touched) => assert!(granted && touched == mine, "{what}: {sql}: {touched} rows"),
                    Err(refusal) => {
                        assert!(!granted, "{what}: {sql}: {refusal:?}");
                        assert_eq!(refusal.code, "42501", "{what}: {sql}: {refusal:?}");
                    }
                }
            }
            let locked = rehearse(&client, context, &format!("SELECT 1 FROM {name} FOR SHARE")).await;
            assert!(locked.is_err() || locked == Ok(mine), "{what}: FOR SHARE {locked:?}");
            for owner in owners {
                fresh += 1;
                let sql = table.insert(owner, fresh);
                let added = rehearse(&client, context, &sql).await;
                if table.grants.contains('I') && who.reaches(whose, owner) {
                    // There is one row of a person, whose number is taken.
                    let taken = name == "people.person";
                    let code = added.as_ref().err().map(|refusal| refusal.code.as_str());
                    assert_eq!(code, taken.then_some("23505"), "{what}: {sql}: {added:?}");
                } else {
                    let refusal = added.unwrap_err();
                    assert_eq!(refusal.code, "42501", "{what}: {sql}: {refusal:?}");
                    let by_wall = refusal.message.contains("row-level security");
                    assert_eq!(by_wall, table.grants.contains('I'), "{what}: {sql}: {refusal:?}");
                }
                let Some(column) = whose.column() else { continue };
                // Nothing of one's own is given to another, nothing of another's is taken.
                let sql = format!(
                    "UPDATE {name} SET {column} = {} WHERE {column} IS DISTINCT FROM {0}",
                    person(owner)
                );
                match rehearse(&client, context, &sql).await {
                    Ok(moved) => {
                        let program = matches!(who, Who::Program(_)) && whose != Whose::Organization;
                        assert!(moved == 0 || program, "{what}: {sql}: {moved} rows");
                    }
                    Err(refusal) => {
                        let unique =
                            matches!(who, Who::Program(_)) && matches!(&*refusal.code, "23505" | "23502");
                        assert!(unique || refusal.code == "42501", "{what}: {sql}: {refusal:?}");
                    }
                }
            }
        }
        assert_eq!(contents(&superuser, table).await, before, "{name}");
    }
}

#[tokio::test]
async fn a_forged_context_opens_none_of_them() {
    let (house, _superuser, client, signer) = furnished().await;
    let ann = signer.context(-2, &[i64::from(ANN), cell(PLATFORM, 0)]);
    let member = signer.context(membership(house.a.id()), &[cell(house.a.id(), 0)]);
    let number_of = |context: &str, from: &str, to: &str| context.replacen(from, to, 1);
    let forged = [
        (
            "the program, made of a member",
            number_of(&member, &format!(",{},", membership(house.a.id())), ",-1,"),
        ),
        ("the program, made of a person", number_of(&ann, ",-2,", ",-1,")),
        ("another person", number_of(&ann, &format!(",{ANN},"), &format!(",{BEN},"))),
        (
            "a member as a person",
            number_of(&member, &format!(",{},", membership(house.a.id())), &format!(",-2,{ANN},")),
        ),
        ("no MAC", format!("{},-1,{}", now() + 60, cell(PLATFORM, 0))),
        ("expired", signer.sign(&format!("{},-1,{}", now() - 1, cell(PLATFORM, 0)))),
    ];
    for (what, context) in forged {
        for table in &OWN {
            let sql = format!("SELECT count(*) FROM {}", table.name);
            let refusal = number(&client, Some(&context), &sql).await.unwrap_err();
            assert_eq!(refusal.code, "LL401", "{what}: {}", table.name);
            for sql in [Some(table.insert(BEN, 800_000)), table.touch()].into_iter().flatten() {
                let refusal = attempt(&client, Some(&context), &sql).await.unwrap_err();
                assert!(matches!(&*refusal.code, "LL401" | "42501"), "{what}: {sql}: {refusal:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_persons_context_reaches_no_table_of_any_organization() {
    let (house, _superuser, client, signer) = furnished().await;
    for who in [ANN, house.a.id(), house.a.north.0] {
        let context = signer.context(-2, &[i64::from(who), cell(PLATFORM, 0)]);
        for table in all() {
            let sql = format!("SELECT count(*) FROM {} WHERE organization_id <> {PLATFORM}", table.name);
            assert_eq!(number(&client, Some(&context), &sql).await, Ok(0), "{}", table.name);
            let Some(sql) = table.insert(house.a.id(), house.a.north.0, 800_000, "") else { continue };
            assert_eq!(rehearse(&client, Some(&context), &sql).await.unwrap_err().code, "42501", "{sql}");
        }
    }
}

#[tokio::test]
async fn what_another_has_is_refused_like_what_nobody_has() {
    let (house, superuser, client, signer) = furnished().await;
    let ann = signer.context(-2, &[i64::from(ANN), cell(PLATFORM, 0)]);
    let member = signer.context(membership(house.a.id()), &[cell(house.a.id(), 0)]);
    let program = signer.context(-1, &[cell(house.a.id(), 0)]);
    for table in OWN.iter().filter(|table| table.grants.contains('I')) {
        let (owner, contexts) = match table.whose {
            Whose::Organization => (house.b.id(), vec![&ann, &member, &program]),
            Whose::Installation => (NOBODY, vec![&ann, &member]),
            Whose::Person | Whose::PersonOrNobody => (BEN, vec![&ann, &member]),
        };
        for context in contexts {
            for more in ["", " ON CONFLICT DO NOTHING"] {
                let there = format!("{}{more}", table.insert(owner, first(owner, table.whose)));
                let nowhere = format!("{}{more}", table.insert(owner, 987_654));
                let there = attempt(&client, Some(context), &there).await.unwrap_err();
                let nowhere = attempt(&client, Some(context), &nowhere).await.unwrap_err();
                assert_eq!(there, nowhere, "{}", table.name);
                assert_eq!(there.code, "42501", "{}", table.name);
            }
        }
    }
    // A key of another's is taken, which tells nothing to someone who cannot guess it.
    let rows = superuser
        .query(
            "SELECT i.indrelid::regclass::text || ' ' || i.indexrelid::regclass::text
               FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE i.indisunique AND n.nspname = 'people' AND NOT EXISTS (
                SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
                   AND (a.attname = 'person_id' OR a.atttypid IN ('uuid'::regtype, 'bytea'::regtype)))",
            &[],
        )
        .await
        .unwrap();
    let guessed: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(guessed.is_empty(), "{guessed:?}");
}
