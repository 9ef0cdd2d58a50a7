//! What is pure about providers.

use adapters::oidc::Identity;

use super::model::{Binding, Provider, parameter, path_of_ours};

fn provider(trusts_mfa: bool) -> Provider {
    Provider {
        id: uuid::Uuid::nil(),
        name: "Work".to_owned(),
        issuer: "https://id.example".to_owned(),
        client_id: "lamplight".to_owned(),
        secret: None,
        trusts_mfa,
        mfa_acr: vec!["urn:two".to_owned()],
        email_domains: vec!["care.example".to_owned()],
    }
}

fn identity(methods: &[&str], class: Option<&str>) -> Identity {
    Identity {
        subject: "ada".to_owned(),
        email: Some("ada@Care.Example".to_owned()),
        email_verified: true,
        methods: methods.iter().map(|method| (*method).to_owned()).collect(),
        class: class.map(str::to_owned),
    }
}

#[test]
fn only_paths_of_ours_are_gone_back_to() {
    for ours in ["/", "/o/clinic", "/chart?tab=1#top", "/a%2Fb"] {
        assert_eq!(path_of_ours(Some(ours)), ours);
    }
    for other in [
        "",
        "chart",
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "https://evil.test",
        "/a//evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "/a\r\nset-cookie: x",
        " //evil.test",
        "/caf\u{e9}",
        "javascript:alert(1)",
        &format!("/{}", "a".repeat(2_000)),
    ] {
        assert_eq!(path_of_ours(Some(other)), "/", "{other:?}");
    }
    assert_eq!(path_of_ours(None), "/");
}

#[test]
fn a_parameter_given_twice_is_none() {
    assert_eq!(parameter("a=1&b=%2Fx+y", "b").as_deref(), Some("/x y"));
    assert_eq!(parameter("a=1&a=2", "a"), None);
    assert_eq!(parameter("%61=1&a=2", "a"), None);
    assert_eq!(parameter("a=%ff", "a"), None);
    assert_eq!(parameter("", "a"), None);
}

#[test]
fn two_factors_are_two_kinds_and_believed_only_where_that_was_agreed() {
    let two: [(&[&str], Option<&str>); 4] =
        [(&["mfa"], None), (&["pwd", "otp"], None), (&["hwk", "fpt"], None), (&[], Some("urn:two"))];
    for (methods, class) in two {
        assert!(provider(true).saw_two_factors(&identity(methods, class)), "{methods:?}");
        assert!(!provider(false).saw_two_factors(&identity(methods, class)), "{methods:?}");
    }
    let one: [(&[&str], Option<&str>); 5] = [
        (&[], None),
        (&["otp"], None),
        (&["pwd", "pin"], None),
        (&["mca"], None),
        (&["pwd"], Some("urn:one")),
    ];
    for (methods, class) in one {
        assert!(!provider(true).saw_two_factors(&identity(methods, class)), "{methods:?}");
    }
}

#[test]
fn a_provider_speaks_for_its_own_domains_alone() {
    let address = |email: Option<&str>, verified| {
        let identity =
            Identity { email: email.map(str::to_owned), email_verified: verified, ..identity(&[], None) };
        provider(true).address_of(&identity).map(str::to_owned)
    };
    assert!(address(Some("ada@Care.Example"), true).is_ok());
    for email in [
        "ada@evil.test@care.example",
        "ada@care.example.evil.test",
        "ada@evil-care.example",
        "ada@sub.care.example",
        "ada",
        "",
    ] {
        assert!(address(Some(email), true).is_err(), "{email}");
    }
    assert!(address(Some("ada@care.example"), false).is_err());
    assert!(address(None, true).is_err());
}

#[test]
fn the_cookie_of_a_browser_is_its_own() {
    let world = kernel::World::system();
    let secret = credentials::secret::Secret::new(&world);
    let set = Binding::set(&secret);
    assert!(set.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=900"));
    let pair = set.split(';').next().unwrap();
    let of = |values: &[&str]| Binding::of(values.iter().copied()).map(|secret| secret.digest());
    assert_eq!(of(&["__Host-lamplight=x", pair]), Some(secret.digest()));
    assert_eq!(of(&[&format!("{pair}; {pair}")]), None);
    assert_eq!(of(&["__Host-lamplight-provider=short"]), None);
}
