use super::*;
use proptest::prelude::*;

fn run(positions: &[&str], text: &str, cut: usize, hook: &mut impl FnMut(usize, &[u8]) -> Verdict) -> String {
    let mut scan = Scan::new(positions.iter().map(|p| position(p).unwrap()).collect());
    let mut out = Vec::new();
    for piece in text.as_bytes().chunks(cut.max(1)) {
        out.extend_from_slice(&scan.piece(&Bytes::copy_from_slice(piece), hook).unwrap());
    }
    out.extend_from_slice(&scan.finish(hook).unwrap());
    assert!(scan.complete() || text.is_empty());
    String::from_utf8(out).unwrap()
}

const LIST: &str =
    r#" [ {"tenantId":"A","id":"1","v":{"tenantId":"B"},"n":null} , {"id":"2","tenant\u0049d":null} ]"#;

#[test]
fn shows_only_the_positions_watched() {
    for cut in 1..LIST.len() {
        let mut seen = Vec::new();
        let out = run(&["[].tenantId"], LIST, cut, &mut |_, text| {
            seen.push(String::from_utf8(text.to_vec()).unwrap());
            Verdict::Keep
        });
        assert_eq!(out, LIST);
        assert_eq!(seen, ["\"A\"", "null"]);
    }
}

#[test]
fn replaces_in_place() {
    for cut in 1..LIST.len() {
        let out = run(&["[].id", "[].v.tenantId"], LIST, cut, &mut |i, _| match i {
            0 => Verdict::Replace(b"\"x\"".to_vec()),
            _ => Verdict::Replace(b"7".to_vec()),
        });
        assert_eq!(out, LIST.replace("\"1\"", "\"x\"").replace("\"2\"", "\"x\"").replace("\"B\"", "7"));
    }
}

#[test]
fn reads_the_root_and_any_member() {
    let text = r#"{"p:1":{"tenantId":"A"},"q:1":{"tenantId":"A","x":[{"tenantId":"no"}]},"tenantId":"root"}"#;
    let mut seen = 0;
    run(&["*.tenantId"], text, 3, &mut |_, t| {
        assert_eq!(t, b"\"A\"");
        seen += 1;
        Verdict::Keep
    });
    assert_eq!(seen, 2);
}

#[test]
fn a_break_stops() {
    let mut scan = Scan::new([position("[].tenantId").unwrap()].into());
    assert_eq!(scan.piece(&Bytes::from_static(LIST.as_bytes()), &mut |_, _| Verdict::Break), Err(Stop::Hook));
}

proptest! {
    #[test]
    fn what_is_not_replaced_passes_as_it_is(cut in 1usize..40, names in proptest::collection::vec("[a-c]{1}", 0..6)) {
        let text = format!("[{}]", names.iter().map(|n| format!("{{\"{n}\": {{\"a\":[1,\"x\\\"y\"]}}, \"b\":\"{n}\"}}")).collect::<Vec<_>>().join(", "));
        prop_assert_eq!(run(&["[].b", "[].a.a[]", "[].c.a[]"], &text, cut, &mut |_, _| Verdict::Keep), text);
    }

    #[test]
    fn members_that_are_passed_over_at_once_are_read_as_byte_by_byte(
        cut in 1usize..40,
        members in proptest::collection::vec(
            ("[a-cA]{1,2}|tenantId|ten\\\\u0061ntId", r#""[a-c"]{0,3}"|"x\\"y"|-?[0-9]{1,3}|null|\[1,"a"\]|\{"tenantId":"B","a":1\}| 7 "#),
            0..8,
        ),
    ) {
        let members: Vec<_> = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let object = format!("{{{}}}", members.join(","));
        for text in [format!("[{object},{object}]"), object] {
            let scanned = |cut: usize| {
                let mut scan = Scan::new(["[].tenantId", "tenantId", "a.tenantId"].map(|p| position(p).unwrap()).into());
                let (mut seen, mut out) = (Vec::new(), Vec::new());
                let mut hook = |position: usize, text: &[u8]| {
                    seen.push((position, text.to_vec()));
                    Verdict::Keep
                };
                for piece in text.as_bytes().chunks(cut) {
                    match scan.piece(&Bytes::copy_from_slice(piece), &mut hook) {
                        Ok(piece) => out.extend_from_slice(&piece),
                        Err(stop) => return (seen, Err(stop)),
                    }
                }
                let complete = scan.complete();
                (seen, Ok((out, complete)))
            };
            prop_assert_eq!(scanned(text.len()), scanned(cut), "{}", text);
        }
    }
}
