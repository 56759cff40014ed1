//! Names and labels that the files of container runtimes give.

mod support;

use std::{collections::BTreeMap, fs};

use netipc_host::{Host, HostSnapshot, Orchestrator};
use support::{ID_A, ID_B, Machine, POD, refresh, text};

fn docker_file(name: &str, labels: &str) -> String {
    format!(
        r#"{{"ID":"x","Name":"/{name}","Config":{{"Image":"nginx:1","Labels":{labels},"Tty":false}}}}"#
    )
}

fn oci_file(annotations: &[(&str, &str)]) -> String {
    let annotations: BTreeMap<_, _> = annotations.iter().copied().collect();
    serde_json::json!({"ociVersion": "1.0", "annotations": annotations}).to_string()
}

/// Name, orchestrator and labels of a cgroup.
fn told(snapshot: &HostSnapshot, key: &str) -> (String, Orchestrator, String) {
    let found = snapshot.cgroups().by_key(key.as_bytes());
    let cgroup = found.expect("the cgroup was made");
    let labels = cgroup.labels().iter();
    let labels: Vec<String> = labels
        .map(|label| format!("{}={}", text(label.key()), text(label.value())))
        .filter(|label| !label.contains("_id=") && !label.contains("pod_uid="))
        .collect();
    (text(cgroup.name()), cgroup.orchestrator(), labels.join(" "))
}

#[track_caller]
fn assert_told(machine: &Machine, key: &str, name: &str, orchestrator: Orchestrator, labels: &str) {
    machine.cgroup(key);
    let expected = (name.into(), orchestrator, labels.into());
    assert_eq!(told(&machine.look(), key), expected);
}

#[test]
fn docker() {
    let machine = Machine::v2(&[]);
    let file = docker_file("web", r#"{"com.example.tier":"front","empty":""}"#);
    machine.write(
        &format!("var/lib/docker/containers/{ID_A}/config.v2.json"),
        file,
    );
    let labels =
        "container_runtime=docker container_name=web image=nginx:1 com.example.tier=front empty=";
    for (inner, name) in [("", "web"), ("/init", "web"), ("/job", "web/job")] {
        let key = format!("/docker/{ID_A}{inner}");
        assert_told(&machine, &key, name, Orchestrator::Docker, labels);
    }
    machine.remove_cgroup(&format!("/docker/{ID_A}"));
    // Docker below a parent of the user's choice: only the file tells whose it is.
    let labels = labels.strip_prefix("container_runtime=docker ").unwrap();
    assert_told(
        &machine,
        &format!("/ci/{ID_A}"),
        "web",
        Orchestrator::Docker,
        labels,
    );
}

#[test]
fn docker_in_the_service_of_a_kubelet() {
    let machine = Machine::v2(&[]);
    let labels = r#"{"io.kubernetes.pod.name":"db-0","io.kubernetes.pod.namespace":"prod","io.kubernetes.container.name":"pg"}"#;
    let file = docker_file("k8s_pg_db-0", labels);
    machine.write(
        &format!("var/lib/docker/containers/{ID_A}/config.v2.json"),
        file,
    );
    let key = format!("/kubepods/burstable/pod{POD}/{ID_A}");
    machine.cgroup(&key);
    let (name, orchestrator, labels) = told(&machine.look(), &key);
    assert_eq!(
        (&*name, orchestrator),
        ("prod/db-0/pg", Orchestrator::Kubernetes)
    );
    let expected =
        "qos_class=burstable namespace=prod pod_name=db-0 container_name=pg image=nginx:1 ";
    assert!(labels.starts_with(expected), "{labels}");
}

#[test]
fn containerd() {
    let machine = Machine::v2(&[]);
    let root = "run/containerd/io.containerd.runtime.v2.task/k8s.io";
    let pod = [
        ("io.kubernetes.cri.sandbox-namespace", "prod"),
        ("io.kubernetes.cri.sandbox-name", "db-0"),
    ];
    let container = [
        ("io.kubernetes.cri.container-name", "pg"),
        ("io.kubernetes.cri.image-name", "postgres:17"),
        ("io.kubernetes.cri.container-type", "container"),
    ];
    let sandbox = [("io.kubernetes.cri.container-type", "sandbox")];
    machine.write(
        &format!("{root}/{ID_A}/config.json"),
        oci_file(&[&pod[..], &container].concat()),
    );
    machine.write(
        &format!("{root}/{ID_B}/config.json"),
        oci_file(&[&pod[..], &sandbox].concat()),
    );
    assert_told(
        &machine,
        &format!("/kubepods/pod{POD}/{ID_A}"),
        "prod/db-0/pg",
        Orchestrator::Kubernetes,
        "qos_class=guaranteed namespace=prod pod_name=db-0 container_name=pg image=postgres:17",
    );
    assert_told(
        &machine,
        &format!("/kubepods/pod{POD}/{ID_B}"),
        "prod/db-0/sandbox",
        Orchestrator::Kubernetes,
        "qos_class=guaranteed namespace=prod pod_name=db-0 container_name=sandbox",
    );
}

#[test]
fn crio() {
    let machine = Machine::v2(&[]);
    let file = oci_file(&[
        ("io.kubernetes.pod.namespace", "prod"),
        ("io.kubernetes.pod.name", "db-0"),
        ("io.kubernetes.container.name", "pg"),
        ("io.kubernetes.cri-o.ImageName", "postgres:17"),
    ]);
    let root = "run/containers/storage/overlay-containers";
    machine.write(&format!("{root}/{ID_A}/userdata/config.json"), file);
    let labels =
        "container_runtime=cri-o namespace=prod pod_name=db-0 container_name=pg image=postgres:17";
    let scope = |prefix: &str| format!("/system.slice/{prefix}-{ID_A}.scope");
    assert_told(
        &machine,
        &scope("crio"),
        "prod/db-0/pg",
        Orchestrator::Kubernetes,
        labels,
    );
    assert_told(
        &machine,
        &scope("crio-conmon"),
        "prod/db-0/pg/monitor",
        Orchestrator::Kubernetes,
        labels,
    );
}

#[test]
fn podman() {
    let machine = Machine::v2(&[]);
    let list = serde_json::json!([
        {"id": ID_B, "names": ["other"], "metadata": "{\"pod-name\":\"of CRI-O\"}"},
        {"id": ID_A, "names": ["web"], "metadata": "{\"image-name\":\"nginx:1\",\"name\":\"web\"}"},
    ]);
    let file = "var/lib/containers/storage/overlay-containers/containers.json";
    machine.write(file, list.to_string());
    let scope = |id| format!("/machine.slice/libpod-{id}.scope");
    let labels = "container_runtime=podman container_name=web image=nginx:1";
    assert_told(&machine, &scope(ID_A), "web", Orchestrator::Podman, labels);
    let labels = "container_runtime=podman";
    assert_told(
        &machine,
        &scope(ID_B),
        "podman-bbbbbbbbbbbb",
        Orchestrator::Podman,
        labels,
    );
}

#[test]
fn kubelet_logs_name_pods_and_containers() {
    let machine = Machine::v2(&[]);
    fs::create_dir_all(machine.path(&format!("var/log/pods/prod_db-0_{POD}"))).unwrap();
    machine.write(
        &format!("var/log/containers/db-0_prod_pg-main-{ID_A}.log"),
        "",
    );
    for odd in ["no-underscore", "one_underscore", "a_b_c.log"] {
        machine.write(&format!("var/log/containers/{odd}"), "");
        machine.write(&format!("var/log/pods/{odd}"), "");
    }
    let pod = format!("/kubepods/pod{POD}");
    let labels = "qos_class=guaranteed namespace=prod pod_name=db-0";
    let k8s = Orchestrator::Kubernetes;
    assert_told(&machine, &pod, "prod/db-0", k8s, labels);
    assert_told(
        &machine,
        &format!("{pod}/{ID_B}"),
        "prod/db-0/bbbbbbbbbbbb",
        k8s,
        labels,
    );
    let labels = format!("{labels} container_name=pg-main");
    assert_told(
        &machine,
        &format!("{pod}/{ID_A}"),
        "prod/db-0/pg-main",
        k8s,
        &labels,
    );
}

#[test]
fn malformed_files_give_nothing() {
    let machine = Machine::v2(&[]);
    let key = format!("/docker/{ID_A}");
    let file = format!("var/lib/docker/containers/{ID_A}/config.v2.json");
    let too_large = docker_file(&"x".repeat(5000), "{}");
    for content in [
        "",
        "{",
        "[]",
        r#"{"Name":7}"#,
        "\u{0}",
        &"[".repeat(4000),
        &too_large,
        &docker_file("a\\u0000b", "{}").replace("nginx:1", ""),
    ] {
        machine.write(&file, content);
        machine.cgroup(&key);
        let mut config = machine.config();
        config.limits.runtime_file_bytes = 5000;
        let host = Host::new(config);
        assert_eq!(refresh(&host).skipped, 0);
        let expected = (
            "docker-aaaaaaaaaaaa".into(),
            Orchestrator::Docker,
            "container_runtime=docker".into(),
        );
        assert_eq!(told(&host.current(), &key), expected);
    }
    fs::remove_file(machine.path(&file)).unwrap();
    fs::create_dir(machine.path(&file)).unwrap();
    assert_told(
        &machine,
        &key,
        "docker-aaaaaaaaaaaa",
        Orchestrator::Docker,
        "container_runtime=docker",
    );
}

#[test]
fn labels_are_limited() {
    let machine = Machine::v2(&[&format!("/docker/{ID_A}")]);
    let file = docker_file("web", r#"{"a":"too long","b":"x","c":"x","d":"x"}"#);
    machine.write(
        &format!("var/lib/docker/containers/{ID_A}/config.v2.json"),
        file,
    );
    let mut config = machine.config();
    config.limits.labels = 5;
    config.limits.label_value_bytes = 7;
    let host = Host::new(config);
    refresh(&host);
    let (_, _, labels) = told(&host.current(), &format!("/docker/{ID_A}"));
    assert_eq!(
        labels,
        "container_runtime=docker container_name=web image=nginx:1 b=x"
    );
}

#[test]
fn files_that_come_change_and_go_are_noticed() {
    let key = format!("/docker/{ID_A}");
    let file = format!("var/lib/docker/containers/{ID_A}/config.v2.json");
    let machine = Machine::v2(&[&key]);
    let host = machine.host();
    let name_after = |change: &dyn Fn()| {
        change();
        let changed = refresh(&host).changed;
        let again = refresh(&host).changed;
        assert!(!again, "nothing changed since");
        (told(&host.current(), &key).0, changed)
    };
    let unnamed = "docker-aaaaaaaaaaaa".to_owned();
    assert_eq!(name_after(&|| ()), (unnamed.clone(), true));
    assert_eq!(
        name_after(&|| machine.write(&file, docker_file("web", "{}"))),
        ("web".into(), true)
    );
    assert_eq!(
        name_after(&|| machine.write(&file, docker_file("new", "null"))),
        ("new".into(), true)
    );
    assert_eq!(
        name_after(&|| machine.write(&file, docker_file("new", "null"))),
        ("new".into(), false)
    );
    assert_eq!(
        name_after(&|| fs::remove_file(machine.path(&file)).unwrap()),
        (unnamed, true)
    );
}
