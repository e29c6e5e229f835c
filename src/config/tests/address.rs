//! URLs and origins: one reading, or refused.

use url::Url;

use crate::config::address::{bare_origin, base_path, default_jwks_url, is_loopback, parse};

#[test]
fn urls_that_have_two_readings_are_refused() {
    let cases = [
        ("http://camunda:8080/engine-rest", true),
        ("https://camunda", true),
        ("http://user@camunda:8080/", false),
        ("http://@camunda:8080/", false),
        ("http://camunda/?", false),
        ("http://camunda/#", false),
        ("http:/camunda/", false),
        ("http:camunda", false),
        ("HTTP://camunda", true),
        ("ftp://camunda/", false),
        ("http://camunda\\engine", false),
        (" http://camunda", false),
        ("camunda:8080", false),
        ("", false),
    ];
    for (text, fit) in cases {
        assert_eq!(parse(text).is_ok(), fit, "{text}");
    }
}

#[test]
fn base_paths_lose_one_slash_and_are_plain() {
    let cases = [
        ("http://c/engine-rest", Some("/engine-rest")),
        ("http://c/engine-rest/", Some("/engine-rest")),
        ("http://c/a/b", Some("/a/b")),
        ("http://c/", Some("")),
        ("http://c", Some("")),
        ("http://c//", None),
        ("http://c/a//b", None),
        ("http://c/a/../b", None),
        ("http://c/a%2fb", None),
        ("http://c/a;b", None),
    ];
    for (text, path) in cases {
        assert_eq!(base_path(text).ok().as_deref(), path, "{text}");
    }
}

#[test]
fn issuer_and_well_known_are_joined_by_one_slash() {
    assert_eq!(default_jwks_url("https://i/"), "https://i/.well-known/jwks.json");
    assert_eq!(default_jwks_url("https://i"), "https://i/.well-known/jwks.json");
}

#[test]
fn loopback_is_this_machine_only() {
    let cases = [
        ("http://localhost:1/", true),
        ("http://127.0.0.1/", true),
        ("http://127.9.9.9/", true),
        ("http://[::1]:80/", true),
        ("http://127.0.0.1.example.com/", false),
        ("http://localhost.example.com/", false),
        ("http://10.0.0.1/", false),
    ];
    for (text, loopback) in cases {
        assert_eq!(is_loopback(&Url::parse(text).unwrap()), loopback, "{text}");
    }
}

#[test]
fn an_origin_ends_after_the_port() {
    assert_eq!(bare_origin("https://Camunda.example.com:443").as_deref(), Ok("https://camunda.example.com"));
    assert_eq!(bare_origin("http://c:8080/").as_deref(), Ok("http://c:8080"));
    assert!(bare_origin("http://c/x").is_err());
    assert!(bare_origin("http://c/./").is_err());
    assert!(bare_origin("*").is_err());
}
