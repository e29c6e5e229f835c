use proptest::prelude::*;

use super::*;

fn is_taken(text: &str) -> Result<(), NotTaken> {
    check(text, &|name| matches!(name, "execution") || name.ends_with("Service"))
}

#[test]
fn the_language_of_the_design_is_taken() {
    for text in [
        "",
        "plain",
        "$",
        "#",
        "{a.b}",
        "$ {a.b}",
        "a $b {c}",
        "100 $ {x}",
        "${approved}",
        "#{approved}",
        "${ approved }",
        "a ${b} c",
        "${a}${b}",
        "${a} and #{b}",
        "${größe}",
        "${_x1}",
        "${null}",
        "${true}",
        "${42}",
        "${1.5}",
        "${1e3}",
        "${2.5E-3}",
        "${'EU'}",
        "${\"it's\"}",
        "${loopCounter}",
        "${nrOfCompletedInstances/nrOfInstances >= 0.5}",
        "${amount > 100 && region == 'EU'}",
        "${not approved}",
        "${empty list}",
        "${not empty list}",
        "${!a || !b}",
        "${- a - -b}",
        "${a mod 2 eq 0}",
        "${a div 2 ne 1 and b lt 2 or c gt 3 and d le 4 and e ge 5}",
        "${a ? b : c}",
        "${a?b:c}",
        "${a ? b : (c)}",
        "${a ? (b ? 1 : 2) : c ? 3 : 4}",
        "${(a + b) * c % d}",
        "${((((a))))}",
        "${a\n+\tb}",
        "${a<b}",
        "${notes}",
        "${orders}",
        "${anderes}",
    ] {
        assert_eq!(is_taken(text), Ok(()), "{text}");
    }
}

#[test]
fn what_reaches_past_a_variable_is_refused() {
    for text in [
        "${'${a}'}",
        "${'}'}",
        "${a == '{'}",
        "${'}, ${a.b}, '}",
        "${a.b}",
        "#{a.b}",
        "${a .b}",
        "${a. b}",
        "${a\n.\nb}",
        "${a['b']}",
        "${a[0]}",
        "${'a'.b}",
        "${(a).b}",
        "${(a)[b]}",
        "${null.a}",
        "${1 .a}",
        "${true.a}",
        "${f()}",
        "${f(a)}",
        "${p:f()}",
        "${p : f (a)}",
        "${a ? b:c(d) : e}",
        "${a (b)}",
        "${(a)(b)}",
        "${a.b()}",
        "${a = b}",
        "${a; b}",
        "${x -> x}",
        "${a, b}",
        "${[a]}",
        "${{a}}",
        "${a b}",
        "${'a' 'b'}",
        "${a 'b'}",
        "${a instanceof b}",
        "${instanceof}",
        "${a:b}",
        "${a : b}",
        "ok ${a} ${b.c}",
        "${a} ${b.c}",
        "${a}${b.c}",
        "${'}' + a.b}",
        "${\"'\" + a.b + \"'\"}",
        "${'\\'' + a.b + '\\''}",
        "${'\\\\'}",
        "\\${a}",
        "\\\\${a}",
        "\\#{a}",
        "${execution}",
        "${a + execution}",
        "${a ? execution : b}",
        "${(execution)}",
        "${runtimeService}",
        "#{execution}",
        "${a$b}",
        "${$a}",
        "${a@b}",
        "${a`b}",
        "${a~b}",
        "${a^b}",
        "${a|b}",
        "${a&b}",
        "${a\u{A0}+b}",
    ] {
        assert!(is_taken(text).is_err(), "{text}");
    }
}

#[test]
fn what_is_not_whole_is_refused() {
    for text in [
        "${",
        "#{",
        "${}",
        "${ }",
        "${a",
        "${a ${b}}",
        "${a ? b}",
        "${a ? b :}",
        "${? b : c}",
        "${a +}",
        "${* a}",
        "${(a}",
        "${a)}",
        "${()}",
        "${'a}",
        "${\"a}",
        "${not}",
        "${empty}",
        "${1.}",
        "${1.a}",
        "${1.2.3}",
        "${1a}",
        "${0x1F}",
        "${1e}",
        "${.5}",
        "${a &&}",
        "${a == == b}",
        "${a ? : b}",
        "${${a}}",
        "${#{a}}",
    ] {
        assert!(is_taken(text).is_err(), "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |n: usize| format!("${{{}a{}}}", "(".repeat(n), ")".repeat(n));
    assert_eq!(is_taken(&nested(DEPTH)), Ok(()));
    assert!(is_taken(&nested(DEPTH + 1)).is_err());
    assert!(is_taken(&nested(100_000)).is_err());
    assert!(is_taken(&format!("${{{}a}}", "!".repeat(100_000))).is_err());
    assert!(is_taken(&format!("${{{}a}}", "a ? b : ".repeat(100_000))).is_err());
    assert_eq!(is_taken(&format!("${{a{}}}", " + a".repeat(100_000))), Ok(()));
}

proptest! {
    /// Outside of strings, an expression that is taken has none of the characters that reach further.
    #[test]
    fn nothing_that_is_taken_reaches_further(inner in "[a-c. ()\\[\\]:?+'\"!{}$#1-]{0,24}") {
        let text = format!("${{{inner}}}");
        if is_taken(&text).is_ok() {
            let mut quote = None;
            let mut before = ' ';
            let end = text.len() - 1;
            for (at, c) in text.char_indices().skip(2) {
                match quote {
                    Some(q) => if c == q { quote = None },
                    None if matches!(c, '\'' | '"') => quote = Some(c),
                    None if c == '}' && at < end => break,
                    None => {
                        prop_assert!(!"[]{$".contains(c), "taken");
                        prop_assert!(c != '.' || before.is_ascii_digit(), "taken");
                    }
                }
                before = c;
            }
        }
    }

    #[test]
    fn any_text_is_answered(text in ".{0,200}") {
        let _ = is_taken(&text);
    }
}
