use crate::labels::Labels;

const QOS_CLASSES: [&str; 3] = ["guaranteed", "burstable", "besteffort"];

/// What the parts of a path read so far tell of the kubelet's cgroup they are below.
#[derive(Default)]
pub(super) struct Kubelet {
    present: bool,
    qos_class: Option<&'static str>,
    pod: Option<Pod>,
}

/// The pod that a path goes through.
pub(super) struct Pod {
    pub(super) uid: Vec<u8>,
    /// Index of its part in the path.
    at: usize,
}

impl Kubelet {
    /// Reads the next part of the path.
    ///
    /// The systemd driver writes `kubepods[-<qos>][-pod<uid>].slice`, at times with a prefix of the distribution's own, the
    /// cgroupfs driver `kubepods/[<qos>/]pod<uid>`.
    pub(super) fn enter(&mut self, part: &[u8]) {
        let tokens = match part.strip_suffix(b".slice") {
            Some(stem) => kubepods(stem),
            None => (part == b"kubepods").then_some(&b""[..]),
        };
        if let Some(tokens) = tokens {
            self.present = true;
            for token in tokens.split(|byte| *byte == b'-') {
                self.class(token);
            }
        } else if self.present && self.pod.is_none() {
            self.class(part);
        }
    }

    /// Whether the path goes through the kubelet's cgroup.
    pub(super) fn is_present(&self) -> bool {
        self.present
    }

    /// Takes note of the pod that the part with index `at` is. The outermost counts.
    pub(super) fn enter_pod(&mut self, at: usize, uid: &[u8]) -> bool {
        let first = self.pod.is_none();
        if first {
            let uid = uid.to_vec();
            self.pod = Some(Pod { uid, at });
        }
        first
    }

    /// The pod that a container, which is the part with index `at`, is one of the own containers of. They are directly below
    /// it: a Docker deeper down is the guest's affair.
    pub(super) fn owner(&self, at: usize) -> Option<&Pod> {
        self.pod.as_ref().filter(|pod| at <= pod.at + 1)
    }

    pub(super) fn label(&self, labels: &mut Labels) {
        if let Some(pod) = &self.pod {
            labels.insert("pod_uid", &pod.uid);
        }
        // Guaranteed pods hang below kubepods directly.
        let implied = self.pod.is_some().then_some(QOS_CLASSES[0]);
        if let Some(class) = self.qos_class.or(implied) {
            labels.insert("qos_class", class);
        }
    }

    fn class(&mut self, token: &[u8]) {
        let class = QOS_CLASSES.iter().find(|class| class.as_bytes() == token);
        self.qos_class = self.qos_class.or(class.copied());
    }
}

impl Pod {
    /// What a pod is called as long as nobody has told its real name.
    pub(super) fn name(&self) -> Vec<u8> {
        [b"pod-", &self.uid[..]].concat()
    }
}

/// What follows on the token `kubepods` in the name of a slice.
fn kubepods(stem: &[u8]) -> Option<&[u8]> {
    let start = memchr::memmem::find(stem, b"kubepods")?;
    let (prefix, rest) = (&stem[..start], &stem[start + b"kubepods".len()..]);
    let whole = (prefix.is_empty() || prefix.ends_with(b"-"))
        && (rest.is_empty() || rest.starts_with(b"-"));
    whole.then_some(rest)
}
