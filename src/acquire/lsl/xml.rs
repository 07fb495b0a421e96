//! A careful reader for the XML in which LSL streams describe themselves: elements and text, nothing else.
//!
//! Attributes, comments, processing instructions and document types are passed over. What does not nest, is too deep
//! or too long is refused: it comes over the network.

/// Longest description that is read: one of 1,000 channels takes 150 kB.
const LONGEST: usize = 8 << 20;
const DEEPEST: usize = 32;

/// One element.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Element {
    pub name: String,
    /// Its own text, without that of its children, trimmed.
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The text of the first child of that name; "" where there is none.
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |c| &c.text)
    }
}

/// Reads one document: its outermost element.
///
/// # Errors
/// What is wrong, in a few words.
pub fn parse(text: &str) -> Result<Element, String> {
    if text.len() > LONGEST {
        return Err(format!("it is {} bytes long", text.len()));
    }
    let mut open: Vec<Element> = vec![Element::default()];
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        add_text(&mut open, &unescaped(&rest[..at]));
        rest = markup(&rest[at..], &mut open)?;
    }
    let mut document = open.pop().filter(|_| open.is_empty()).ok_or("an element is not closed")?;
    match document.children.len() {
        1 => Ok(document.children.remove(0)),
        n => Err(format!("it has {n} outermost elements")),
    }
}

/// Reads one piece of markup at the start of `rest`; answers what follows.
fn markup<'a>(rest: &'a str, open: &mut Vec<Element>) -> Result<&'a str, String> {
    let past = |end: &str| rest.find(end).map(|at| &rest[at + end.len()..]).ok_or_else(|| format!("\"{end}\" is missing"));
    if let Some(data) = rest.strip_prefix("<![CDATA[") {
        let end = data.find("]]>").ok_or("a CDATA section is not closed")?;
        add_text(open, &data[..end]);
        return Ok(&data[end + 3..]);
    }
    if rest.starts_with("<!--") {
        return past("-->");
    }
    if rest.starts_with("<?") {
        return past("?>");
    }
    if rest.starts_with("<!") {
        return past(">");
    }
    let end = end_of_tag(rest).ok_or("a tag is not closed")?;
    let (tag, after) = (&rest[1..end], &rest[end + 1..]);
    if let Some(name) = tag.strip_prefix('/') {
        close(open, name.trim())?;
        return Ok(after);
    }
    let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |t| (t, true));
    let name = tag.split_whitespace().next().ok_or("a tag has no name")?;
    if open.len() > DEEPEST {
        return Err("it nests too deeply".into());
    }
    open.push(Element { name: name.into(), ..Element::default() });
    if empty {
        close(open, name)?;
    }
    Ok(after)
}

/// Where the tag ends; a ">" inside an attribute's quotes does not end it.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quote = None;
    tag.char_indices().find_map(|(at, c)| {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            _ => {}
        }
        None
    })
}

fn close(open: &mut Vec<Element>, name: &str) -> Result<(), String> {
    let mut done =
        open.pop().filter(|e| e.name == name && !name.is_empty()).ok_or_else(|| format!("</{name}> closes nothing"))?;
    done.text = done.text.trim().to_string();
    let parent = open.last_mut().ok_or_else(|| format!("</{name}> closes nothing"))?;
    parent.children.push(done);
    Ok(())
}

fn add_text(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Text with its entities resolved; an unknown one stays as it stands.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let resolved = rest.find(';').and_then(|end| Some((entity(&rest[1..end])?, end + 1)));
        let (c, length) = resolved.unwrap_or(('&', 1));
        out.push(c);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_text_entities_and_what_is_passed_over() {
        let text = "<?xml version=\"1.0\"?>\n<!-- <a> --><info v='>'>\n <name>a &lt;b&gt; &amp;&#956;&#x56;&odd;</name>\
                    <desc/><c><![CDATA[<x>]]></c><c>2</c></info>\n";
        let info = parse(text).expect("well-formed");
        assert_eq!((info.name.as_str(), info.text.as_str()), ("info", ""));
        assert_eq!(info.text_of("name"), "a <b> &\u{3bc}V&odd;");
        assert_eq!(info.child("desc"), Some(&Element { name: "desc".into(), ..Element::default() }));
        let texts: Vec<&str> = info.children.iter().filter(|c| c.name == "c").map(|c| c.text.as_str()).collect();
        assert_eq!(texts, ["<x>", "2"]);
    }

    #[test]
    fn what_does_not_nest_is_refused() {
        let deep = "<a>".repeat(40) + &"</a>".repeat(40);
        for text in
            ["", "text", "<a>", "<a><b></a></b>", "</a>", "<a", "<a/><b/>", "<a></>", "<>x</>", "<!-- x", "<a><![CDATA[", &deep]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
