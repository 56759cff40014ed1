//! Names of users.

use std::collections::HashMap;
use std::fs;
use std::sync::OnceLock;

/// The users of this machine's own list, read when the first is asked for. Users that a directory service has are shown by number.
#[derive(Debug, Default)]
pub(super) struct Users {
    names: OnceLock<HashMap<u32, String>>,
}

impl Users {
    /// The name of a user, else the number.
    pub(super) fn name(&self, uid: u32) -> String {
        let names = self.names.get_or_init(|| {
            let list = fs::read_to_string("/etc/passwd").unwrap_or_default();
            parse(&list)
        });
        names.get(&uid).cloned().unwrap_or_else(|| uid.to_string())
    }
}

/// The first name of each number.
fn parse(list: &str) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for line in list.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(Ok(uid))) = (fields.next(), fields.nth(1).map(str::parse)) {
            names.entry(uid).or_insert_with(|| name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_names_or_numbers() {
        let list = "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:\n# a\nme:x:1000:1000:::\nbad:x\n";
        let names = OnceLock::from(parse(list));
        let users = Users { names };
        assert_eq!(users.name(0), "root");
        assert_eq!(users.name(1000), "me");
        assert_eq!(users.name(7), "7");
    }
}
