//! Who may do what: lists that say no unless they say yes, for this program and for zenoh.
//!
//! Zenoh holds every message against them by the common name in the certificate of whoever is at the other end of
//! the link; this program holds every question against them once more, by the asker that its key names. A router
//! that is trusted (`--via`) passes on what its own lists let through.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::error::Error;
use crate::keys::{self, EVERYONE};

/// Which askers may ask which services. Nobody else may ask anything.
#[derive(Clone, Debug, Default)]
pub struct Askers {
    /// No services are all that are exported.
    services: BTreeMap<String, BTreeSet<String>>,
}

impl Askers {
    /// Reads `NAME` or `NAME=SERVICE,SERVICE`, as often as they come.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub fn parse(texts: &[String]) -> Result<Self, Error> {
        let mut services = BTreeMap::<String, BTreeSet<String>>::new();
        for text in texts {
            let (asker, list) = text
                .split_once('=')
                .map_or((&**text, None), |(a, l)| (a, Some(l)));
            let allowed = services.entry(keys::name("asker", asker)?).or_default();
            for service in list.into_iter().flat_map(|list| list.split(',')) {
                allowed.insert(keys::name("service", service)?);
            }
        }
        Ok(Self { services })
    }

    /// Whether `asker` may ask `service`.
    #[must_use]
    pub fn allow(&self, asker: &str, service: &str) -> bool {
        self.services
            .get(asker)
            .is_some_and(|services| services.is_empty() || services.contains(service))
    }

    /// All who may ask anything.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// Whether nobody may.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }
}

/// What zenoh lets pass, for each name in a certificate: everything else it drops.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// By name: messages with their flow, and the keys of each.
    of: BTreeMap<String, BTreeMap<(&'static str, Flow), BTreeSet<String>>>,
}

/// Which way a message goes, seen from here.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Flow {
    In,
    Out,
}

/// What is declared to find out who is there.
const WATCH: [&str; 2] = ["declare_liveliness_subscriber", "liveliness_query"];

impl Lists {
    /// What an exporter of `services` on `host` says to, and hears from, `askers`: itself, or through routers.
    #[must_use]
    pub fn of_export(
        host: &str,
        services: &[String],
        askers: &Askers,
        via: &[String],
        everyone: bool,
    ) -> Self {
        let mut lists = Self::default();
        for asker in askers.names() {
            for service in services
                .iter()
                .filter(|service| askers.allow(asker, service))
            {
                for neighbour in via.iter().map(String::as_str).chain([asker]) {
                    lists.exported(neighbour, host, service, asker);
                    if everyone {
                        lists.put(
                            neighbour,
                            "query",
                            Flow::In,
                            keys::asked(EVERYONE, service, asker),
                        );
                        lists.watch(neighbour, Flow::In, &keys::claims(EVERYONE, service));
                    }
                }
            }
        }
        // Another exporter of the name would be heard of through them.
        for (router, service) in via
            .iter()
            .flat_map(|r| services.iter().map(move |s| (r, s)))
        {
            lists.put(
                router,
                "liveliness_token",
                Flow::In,
                keys::claims(host, service),
            );
            lists.watch(router, Flow::Out, &keys::claims(host, service));
        }
        lists
    }

    fn exported(&mut self, neighbour: &str, host: &str, service: &str, asker: &str) {
        let (offered, asked) = (
            keys::offered(host, service),
            keys::asked(host, service, asker),
        );
        let claims = keys::claims(host, service);
        self.put(neighbour, "query", Flow::In, asked.clone());
        self.put(neighbour, "reply", Flow::Out, asked);
        self.put(neighbour, "declare_queryable", Flow::Out, offered);
        self.put(neighbour, "liveliness_token", Flow::Out, claims.clone());
        self.watch(neighbour, Flow::In, &claims);
    }

    /// What an importer named `asker` asks `host` for, and hears from it: itself, or through routers.
    pub fn import(&mut self, asker: &str, host: &str, service: &str, neighbours: &[String]) {
        let (offered, asked) = (
            keys::offered(host, service),
            keys::asked(host, service, asker),
        );
        let claims = keys::claims(host, service);
        for neighbour in neighbours {
            self.put(neighbour, "query", Flow::Out, asked.clone());
            self.put(neighbour, "reply", Flow::In, asked.clone());
            self.put(neighbour, "declare_queryable", Flow::In, offered.clone());
            self.put(neighbour, "liveliness_token", Flow::In, claims.clone());
            self.watch(neighbour, Flow::Out, &claims);
        }
    }

    /// What an importer that asks everyone sends to, and hears from, the exporter of `host`, or a router.
    pub fn import_everyone(&mut self, asker: &str, host: &str, service: &str, neighbour: &str) {
        let everyone = keys::asked(EVERYONE, service, asker);
        self.import(asker, host, service, &[neighbour.to_owned()]);
        self.put(neighbour, "query", Flow::Out, everyone);
        self.watch(neighbour, Flow::Out, &keys::claims(EVERYONE, service));
    }

    /// What a router takes from, and passes on to, an exporter that is `host`.
    pub fn route_host(&mut self, host: &str, everyone: bool) {
        let (under, claims) = (keys::offered(host, EVERYONE), keys::claims(host, EVERYONE));
        self.put(host, "query", Flow::Out, under.clone());
        self.put(host, "reply", Flow::In, under.clone());
        self.put(host, "declare_queryable", Flow::In, under);
        for flow in [Flow::In, Flow::Out] {
            self.put(host, "liveliness_token", flow, claims.clone());
            self.watch(host, flow, &claims);
        }
        if everyone {
            self.put(host, "query", Flow::Out, keys::offered(EVERYONE, EVERYONE));
            self.watch(host, Flow::Out, &keys::claims(EVERYONE, EVERYONE));
        }
    }

    /// What a router takes from, and passes on to, an importer that is `asker`.
    pub fn route_asker(&mut self, asker: &str) {
        let asked = keys::asked(EVERYONE, EVERYONE, asker);
        let claims = keys::claims(EVERYONE, EVERYONE);
        self.put(asker, "query", Flow::In, asked.clone());
        self.put(asker, "reply", Flow::Out, asked);
        self.put(
            asker,
            "declare_queryable",
            Flow::Out,
            keys::offered(EVERYONE, EVERYONE),
        );
        self.put(asker, "liveliness_token", Flow::Out, claims.clone());
        self.watch(asker, Flow::In, &claims);
    }

    /// What a router takes from, and passes on to, another one.
    pub fn route_router(&mut self, router: &str) {
        let (under, claims) = (
            keys::offered(EVERYONE, EVERYONE),
            keys::claims(EVERYONE, EVERYONE),
        );
        for flow in [Flow::In, Flow::Out] {
            for message in ["query", "reply", "declare_queryable"] {
                self.put(router, message, flow, under.clone());
            }
            self.put(router, "liveliness_token", flow, claims.clone());
            self.watch(router, flow, &claims);
        }
    }

    fn watch(&mut self, neighbour: &str, flow: Flow, key: &str) {
        for message in WATCH {
            self.put(neighbour, message, flow, key.to_owned());
        }
    }

    fn put(&mut self, neighbour: &str, message: &'static str, flow: Flow, key: String) {
        let lists = self.of.entry(neighbour.to_owned()).or_default();
        lists.entry((message, flow)).or_default().insert(key);
    }

    /// The same as zenoh's `access_control`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (mut rules, mut subjects, mut policies) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (name, lists)) in self.of.iter().enumerate() {
            let subject = format!("subject-{number}");
            subjects.push(json!({ "id": subject, "cert_common_names": [name] }));
            let mut ids = Vec::new();
            for ((message, flow), keys) in lists {
                let flow = match flow {
                    Flow::In => "ingress",
                    Flow::Out => "egress",
                };
                let id = format!("{number}-{message}-{flow}");
                rules.push(json!({
                    "id": id, "messages": [message], "flows": [flow], "permission": "allow", "key_exprs": keys,
                }));
                ids.push(id);
            }
            policies.push(json!({ "rules": ids, "subjects": [subject] }));
        }
        json!({
            "enabled": true, "default_permission": "deny",
            "rules": rules, "subjects": subjects, "policies": policies,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn nobody_may_ask_who_is_not_listed() {
        let askers = Askers::parse(&texts(&["viewer", "other=apps-lookup,increment"])).unwrap();
        for (asker, service, may) in [
            ("viewer", "apps-lookup", true),
            ("viewer", "anything", true),
            ("other", "increment", true),
            ("other", "string-reverse", false),
            ("stranger", "apps-lookup", false),
            ("", "apps-lookup", false),
        ] {
            assert_eq!(askers.allow(asker, service), may, "{asker} {service}");
        }
        assert!(Askers::default().is_empty());
        assert!(Askers::parse(&texts(&["*"])).is_err());
        assert!(Askers::parse(&texts(&["a=*"])).is_err());
    }

    #[test]
    fn an_asker_may_send_questions_in_its_own_name_alone() {
        let askers = Askers::parse(&texts(&["a", "b=two"])).unwrap();
        let lists = Lists::of_export("h", &texts(&["one", "two"]), &askers, &[], false);
        let queries = |name: &str| lists.of[name][&("query", Flow::In)].clone();
        assert_eq!(
            queries("a"),
            BTreeSet::from(["netipc/h/one/a".to_owned(), "netipc/h/two/a".to_owned()])
        );
        assert_eq!(queries("b"), BTreeSet::from(["netipc/h/two/b".to_owned()]));
        let json = lists.to_json();
        assert_eq!(json["default_permission"], "deny");
        assert_eq!(json["subjects"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn everyone_is_asked_only_where_that_was_allowed() {
        let askers = Askers::parse(&texts(&["a"])).unwrap();
        let query = |everyone| {
            let lists = Lists::of_export("h", &texts(&["s"]), &askers, &[], everyone);
            lists.of["a"][&("query", Flow::In)].contains("netipc/*/s/a")
        };
        assert!(!query(false));
        assert!(query(true));
    }
}
