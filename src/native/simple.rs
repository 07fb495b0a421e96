//! A package index by the simple repository API (PEP 503): which one, and where a wheel lies in it. Pure text; the
//! transport is in `fetch`.

/// What pip's configuration says that concerns us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PipConfig {
    pub index_url: Option<String>,
    /// Bundle of trusted certificates.
    pub cert: Option<String>,
}

/// Reads pip's configuration file (INI). `[download]` wins over `[global]`, as with pip.
pub fn parse_config(text: &str) -> PipConfig {
    let mut section = String::new();
    let mut found: [PipConfig; 2] = Default::default();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name.trim().to_ascii_lowercase();
            continue;
        }
        let config = match section.as_str() {
            "global" => &mut found[0],
            "download" => &mut found[1],
            _ => continue,
        };
        if let Some((key, value)) = line.split_once(['=', ':']) {
            match key.trim().to_ascii_lowercase().replace('_', "-").as_str() {
                "index-url" => config.index_url = Some(value.trim().into()),
                "cert" => config.cert = Some(value.trim().into()),
                _ => {}
            }
        }
    }
    let [global, download] = found;
    PipConfig { index_url: download.index_url.or(global.index_url), cert: download.cert.or(global.cert) }
}

/// The page of a package: the index's address, the name in lower case with single dashes (PEP 503), a slash.
pub fn page_of(index: &str, package: &str) -> String {
    let parts: Vec<&str> = package.split(['-', '_', '.']).filter(|p| !p.is_empty()).collect();
    format!("{}/{}/", index.trim_end_matches('/'), parts.join("-").to_ascii_lowercase())
}

/// The address of `file` in an index page that was read from `page`.
pub fn link_to(html: &str, page: &str, file: &str) -> Option<String> {
    hrefs(html).map(|href| href.replace("&amp;", "&")).find_map(|href| {
        let bare = href.split(['#', '?']).next().unwrap_or("");
        let name = bare.rsplit('/').next().unwrap_or("");
        // Local version parts are the only escapes in wheel names.
        (name.replace("%2B", "+").replace("%2b", "+") == file).then(|| join(page, href.split('#').next().unwrap_or("")))
    })
}

fn hrefs(html: &str) -> impl Iterator<Item = &str> {
    html.split("href").skip(1).filter_map(|rest| {
        let value = rest.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|c| *c == '"' || *c == '\'')?;
        value[1..].split(quote).next()
    })
}

/// An address that may be relative to a page (RFC 3986, as far as index pages use it).
fn join(page: &str, href: &str) -> String {
    if href.contains("://") {
        return href.into();
    }
    let (scheme, rest) = page.split_once("://").unwrap_or(("https", page));
    if let Some(rest) = href.strip_prefix("//") {
        return format!("{scheme}://{rest}");
    }
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut parts: Vec<&str> = if href.starts_with('/') { Vec::new() } else { path.split('/').collect() };
    parts.pop(); // the page's own name, empty after a slash
    for part in href.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    format!("{scheme}://{host}/{}", parts.join("/"))
}

/// An address for messages: without the user's name and password.
pub fn without_credentials(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            format!("{scheme}://{}/{path}", host.rsplit('@').next().unwrap_or(host))
        }
        None => url.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pips_file_is_read_by_section() {
        let text = "# lab\n[global]\nindex-url = https://mirror/simple\ncert: /ca.pem\n[install]\nindex-url = https://no\n[download]\nindex_url=https://yes/simple/\n";
        let config = parse_config(text);
        assert_eq!(config.index_url.as_deref(), Some("https://yes/simple/"));
        assert_eq!(config.cert.as_deref(), Some("/ca.pem"));
        assert_eq!(parse_config("nonsense"), PipConfig::default());
    }

    #[test]
    fn links_are_found_absolute_and_relative() {
        let page = "https://index.lab/simple/brainflow/";
        assert_eq!(page_of("https://index.lab/simple/", "Brain_.flow"), "https://index.lab/simple/brain-flow/");
        let html = r##"<a href="../../files/a-1-py3-none-any.whl#sha256=00" data-x="y">a-1</a>
            <a href='/root/b-1.whl?x=1&amp;y=2'>b</a> <A HREF="https://files/c-1%2Bcpu.whl">c</A><a href = "d-1.whl">d</a>"##;
        let link = |file| link_to(&html.replace("HREF", "href"), page, file);
        assert_eq!(link("a-1-py3-none-any.whl").as_deref(), Some("https://index.lab/files/a-1-py3-none-any.whl"));
        assert_eq!(link("b-1.whl").as_deref(), Some("https://index.lab/root/b-1.whl?x=1&y=2"));
        assert_eq!(link("c-1+cpu.whl").as_deref(), Some("https://files/c-1%2Bcpu.whl"));
        assert_eq!(link("d-1.whl").as_deref(), Some("https://index.lab/simple/brainflow/d-1.whl"));
        assert_eq!(link("e-1.whl"), None);
    }

    #[test]
    fn messages_hide_passwords() {
        assert_eq!(without_credentials("https://me:secret@mirror/simple"), "https://mirror/simple");
        assert_eq!(without_credentials("https://mirror/simple/x"), "https://mirror/simple/x");
    }
}
