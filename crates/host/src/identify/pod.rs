use super::{Identity, Kind, Orchestrator};
use crate::labels::Labels;

const QOS_CLASSES: [&str; 3] = ["guaranteed", "burstable", "besteffort"];

/// What the parts of a path read so far tell of the Kubernetes pod they belong to.
#[derive(Default)]
pub(super) struct Pod {
    below_kubepods: bool,
    qos_class: Option<&'static str>,
    uid: Option<Vec<u8>>,
    depth: usize,
    found_at: usize,
}

impl Pod {
    /// Reads the next part of the path. True when it is a pod's own cgroup.
    pub(super) fn enter(&mut self, part: &[u8]) -> bool {
        self.depth += 1;
        // containerd without systemd support writes `<slice>:cri-containerd:<id>`.
        let (slice, is_slice_itself) = match memchr::memchr(b':', part) {
            Some(colon) => (&part[..colon], false),
            None => (part, true),
        };
        let had_uid = self.uid.is_some();
        match slice.strip_suffix(b".slice") {
            Some(stem) => self.enter_slice(stem),
            None => self.enter_directory(slice),
        }
        let found = !had_uid && self.uid.is_some();
        if found {
            self.found_at = self.depth;
        }
        found && is_slice_itself
    }

    /// Whether a container that is the part entered last is one of the pod's own. They are directly below it: a Docker
    /// deeper down is the guest's affair.
    pub(super) fn owns_current(&self) -> bool {
        self.uid.is_some() && self.depth <= self.found_at + 1
    }

    /// Whether the path goes through the kubelet's cgroup.
    pub(super) fn below_kubepods(&self) -> bool {
        self.below_kubepods
    }

    pub(super) fn uid(&self) -> Option<&[u8]> {
        self.uid.as_deref()
    }

    /// The pod's own identity.
    pub(super) fn identity(&self) -> Identity {
        let mut labels = Labels::default();
        self.label(&mut labels);
        Identity {
            orchestrator: Orchestrator::Kubernetes,
            kind: Kind::Pod,
            name: self.name(),
            labels,
            pod_uid: self.uid.clone(),
            ..Identity::default()
        }
    }

    /// What a pod is called as long as nobody has told its real name.
    pub(super) fn name(&self) -> Vec<u8> {
        [b"pod-", self.uid().unwrap_or(b"unknown")].concat()
    }

    pub(super) fn label(&self, labels: &mut Labels) {
        if let Some(uid) = &self.uid {
            labels.insert("pod_uid", uid);
        }
        // Guaranteed pods hang below kubepods directly.
        let implied = self.uid.is_some().then_some(QOS_CLASSES[0]);
        if let Some(class) = self.qos_class.or(implied) {
            labels.insert("qos_class", class);
        }
    }

    /// The systemd driver: `kubepods[-<qos>][-pod<uid>].slice`, at times with a prefix of the distribution's own.
    fn enter_slice(&mut self, stem: &[u8]) {
        let Some(start) = memchr::memmem::find(stem, b"kubepods") else {
            return;
        };
        let (prefix, rest) = (&stem[..start], &stem[start + b"kubepods".len()..]);
        if !(prefix.is_empty() || prefix.ends_with(b"-")) {
            return;
        }
        if !(rest.is_empty() || rest.starts_with(b"-")) {
            return;
        }
        self.below_kubepods = true;
        for token in rest.splitn(3, |byte| *byte == b'-') {
            // An uid's dashes are underscores here, as a dash means nesting to systemd.
            self.enter_directory(&dashed(token));
        }
    }

    /// The cgroupfs driver: `kubepods/[<qos>/]pod<uid>`.
    fn enter_directory(&mut self, part: &[u8]) {
        if part == b"kubepods" {
            self.below_kubepods = true;
        }
        if !self.below_kubepods || self.uid.is_some() {
            return;
        }
        if let Some(class) = QOS_CLASSES.iter().find(|class| class.as_bytes() == part) {
            self.qos_class = Some(class);
        } else if let Some(uid) = part.strip_prefix(b"pod")
            && is_uid(uid)
        {
            self.uid = Some(uid.to_vec());
        }
    }
}

/// Pods of the API server have UUIDs, static pods a hash.
fn is_uid(uid: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    (8..=64).contains(&uid.len()) && uid.iter().all(digit)
}

fn dashed(token: &[u8]) -> Vec<u8> {
    let dash = |byte: &u8| if *byte == b'_' { b'-' } else { *byte };
    token.iter().map(dash).collect()
}
