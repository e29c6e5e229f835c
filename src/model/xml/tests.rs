use super::*;

fn what(text: &str) -> String {
    read(text, 0).map(|_| String::new()).unwrap_or_else(|unreadable| unreadable.what.to_string())
}

#[test]
fn attributes_and_texts_are_decoded() {
    let elements =
        read("<a xmlns:p='u'><!-- c --><b p:x='&#36;&#x7b;a\tb&amp;'>$<![CDATA[{c]]>&gt;<i/>!</b></a>", 0)
            .unwrap();
    let b = &elements[1];
    assert_eq!((b.local.as_str(), b.attributes[0].value.as_str()), ("b", "${a b&"));
    assert_eq!((b.attributes[0].namespace.as_str(), b.attributes[0].local.as_str()), ("u", "x"));
    assert_eq!(b.text, "${c>!");
}

#[test]
fn the_nearest_id_names_an_element() {
    let elements = read("<a><b id='B'><c/></b><d/></a>", 0).unwrap();
    let ids: Vec<_> = elements.iter().map(|e| e.id.as_deref()).collect();
    assert_eq!(ids, [None, Some("B"), Some("B"), None]);
}

#[test]
fn what_can_be_read_in_one_way_is_taken() {
    for text in [
        "<a/>",
        " <!-- c --> <a></a> <!-- c -->\n",
        "<a b='>'/>",
        "<a b=\"'\"/>",
        "<a >x</a >",
        "<ä/>",
        "<p:a xmlns:p='u'/>",
        "<a xmlns='u'><b xmlns=''/></a>",
        "<a>] ]></a>",
        "<a xml:lang='de'/>",
        "<a xmlns:p='u' x='1' p:x='2'/>",
        "<a>$<b/></a>",
        "<a>$<b>x</b>{</a>",
    ] {
        let what = what(text);
        assert!(what.is_empty(), "{text}: {what}");
    }
}

#[test]
fn what_two_readers_could_read_differently_is_refused() {
    let deep = format!("{}{}", "<a>".repeat(DEPTH + 1), "</a>".repeat(DEPTH + 1));
    for text in [
        "",
        "text",
        "<a>",
        "<a></b>",
        "</a>",
        "<a/></a>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a/>&lt;",
        "<a/><![CDATA[x]]>",
        "<a b='1' b='2'/>",
        "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
        "<a b/>",
        "<a b=c/>",
        "<a b='<'/>",
        "<p:a/>",
        "<a p:b='1'/>",
        "<p:q:a xmlns:p='u'/>",
        "<a xmlns:p=''/>",
        "<a xmlns:p='&#117;'/>",
        "<a xmlns:p=' u'/>",
        "<a xmlns:xml='u'/>",
        "<a xmlns:xmlns='u'/>",
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "<a>&x;</a>",
        "<a b='&x;'/>",
        "<a>&</a>",
        "<a b='&'/>",
        "<a>&#0;</a>",
        "<a>&#X41;</a>",
        "<a>&#xD800;</a>",
        "<a>&#1;</a>",
        "<a>\u{1}</a>",
        "<a>\u{FFFF}</a>",
        "<?pi x?><a/>",
        "<a><?pi x?></a>",
        " <?xml version='1.0'?><a/>",
        "<a>]]></a>",
        "<!-- a -- b --><a/>",
        "<a b\u{A0}='1'/>",
        "<1a/>",
        "<a\u{85}b='1'/>",
        "<a><![CDATA[x</a>",
        "<a><!-- x</a>",
        "<a b='1></a>",
        "<a/><",
        "<a>$<b/>{</a>x",
        "<a>$<b>{</b></a>",
        "<a><b>#</b>{</a>",
        &deep,
    ] {
        assert!(!what(text).is_empty(), "{text}");
    }
}

#[test]
fn an_own_text_is_joined_over_children() {
    let elements = read("<a>$<b/>{c.d}</a>", 0).unwrap();
    assert_eq!(elements[0].text, "${c.d}");
}

#[test]
fn sizes_are_bounded() {
    let wide = |n: usize| format!("<a>{}</a>", "<b/>".repeat(n));
    assert_eq!(what(&wide(ELEMENTS - 1)), "");
    assert!(!what(&wide(ELEMENTS)).is_empty());
    let long = |n: usize| format!("<a{}/>", (0..n).map(|i| format!(" b{i}='1'")).collect::<String>());
    assert_eq!(what(&long(ATTRIBUTES)), "");
    assert!(!what(&long(ATTRIBUTES + 1)).is_empty());
    let declared =
        |n: usize| format!("<a{}/>", (0..n).map(|i| format!(" xmlns:b{i}='u'")).collect::<String>());
    assert_eq!(what(&declared(100)), "");
    assert!(!what(&declared(ATTRIBUTES + 1)).is_empty());
    let deep = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
    assert_eq!(what(&deep(DEPTH)), "");
    assert!(!what(&deep(DEPTH + 1)).is_empty());
}
