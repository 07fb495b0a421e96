//! The little XML that recordings carry: elements, attributes and text; no name spaces, no definitions of entities.

/// One element.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    /// Its own text, without that of its children.
    pub text: String,
    pub children: Vec<Element>,
}

/// Elements that stand deeper are taken for damage.
const DEEPEST: usize = 64;

impl Element {
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.name == name)
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// The text of a child; "" where there is none.
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |c| c.text.trim())
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The first descendant of that name, the element itself included.
    pub fn find(&self, name: &str) -> Option<&Element> {
        if self.name == name { Some(self) } else { self.children.iter().find_map(|c| c.find(name)) }
    }
}

/// The outermost element; what is damaged ends where the damage is.
pub(super) fn parse(text: &str) -> Option<Element> {
    let mut stack = vec![Element::default()];
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        if let Some(top) = stack.last_mut() {
            top.text += &unescaped(&rest[..open]);
        }
        rest = &rest[open + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, behind)| behind);
            continue;
        }
        let Some((tag, behind)) = rest.split_once('>') else { break };
        rest = behind;
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if tag.starts_with('/') {
            close(&mut stack);
        } else if stack.len() < DEEPEST {
            stack.push(opened(tag.trim_end_matches('/')));
            if tag.ends_with('/') {
                close(&mut stack);
            }
        } else {
            break;
        }
    }
    while stack.len() > 1 {
        close(&mut stack);
    }
    stack.pop()?.children.into_iter().next()
}

fn close(stack: &mut Vec<Element>) {
    if stack.len() > 1
        && let Some(done) = stack.pop()
        && let Some(parent) = stack.last_mut()
    {
        parent.children.push(done);
    }
}

fn opened(tag: &str) -> Element {
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    while let Some((key, behind)) = rest.split_once('=') {
        let behind = behind.trim_start();
        let Some(quote) = behind.chars().next().filter(|c| matches!(c, '"' | '\'')) else { break };
        let Some((value, behind)) = behind[1..].split_once(quote) else { break };
        attributes.push((key.trim().to_string(), unescaped(value)));
        rest = behind;
    }
    Element { name: name.trim().into(), attributes, ..Element::default() }
}

fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.into();
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}

/// Text as it may stand between tags.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_attributes_and_text() {
        let text = "<?xml version=\"1.0\"?><info a=\"1\" b='x &amp; y'><name>EEG &lt;1&gt;</name><!-- <c> --><d/><d>2</d></info>";
        let root = parse(text).expect("an element");
        assert_eq!((root.attribute("A"), root.attribute("b")), (Some("1"), Some("x & y")));
        assert_eq!(
            (root.text_of("name"), root.all("d").count(), root.find("d").map(|d| d.text.as_str())),
            ("EEG <1>", 2, Some(""))
        );
        assert_eq!(escaped("a<b&c"), "a&lt;b&amp;c");
    }

    #[test]
    fn damage_ends_the_element_and_nothing_else() {
        assert_eq!(parse("<a><b>1</b><c>2").map(|a| a.children.len()), Some(2));
        assert_eq!(parse("no element"), None);
        assert!(parse(&"<a>".repeat(10_000)).is_some());
        assert!(parse("<a b=c").is_none());
    }
}
