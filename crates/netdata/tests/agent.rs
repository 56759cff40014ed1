//! The rules of `docs/spec/netdata.md`.

use netipc_netdata::{
    Access, TokenError, create_run_dir_among, run_dir_among, token_of_invocation,
};

// Rule A3.
#[test]
fn tokens_are_those_of_the_contract() {
    let vectors = [
        (
            "00112233-4455-6677-8899-aabbccddeeff",
            0xc56c_de21_e711_bf96,
        ),
        (
            "00000000-0000-0000-0000-000000000000",
            0xd0a6_6a65_c752_8968,
        ),
        (
            "7f3c1d2e-9a4b-4c5d-8e6f-0123456789ab",
            0x1c4f_14e2_8bba_c07c,
        ),
    ];
    for (id, token) in vectors {
        assert_eq!(token_of_invocation(id).unwrap(), token, "{id}");
        let plain = id.replace('-', "");
        assert_eq!(token_of_invocation(&plain).unwrap(), token, "{plain}");
        let upper = id.to_uppercase();
        assert_eq!(token_of_invocation(&upper).unwrap(), token, "{upper}");
    }
}

#[test]
fn what_is_no_uuid_is_refused() {
    let digits = "00112233445566778899aabbccddeef";
    for bad in [
        "".to_owned(),
        "1".to_owned(),
        digits.to_owned(),
        format!("+{digits}"),
        format!("g{digits}"),
        format!("{digits}00"),
        "00112233-4455-6677-8899-aabbccddee-f".to_owned(),
        "001122334-455-6677-8899-aabbccddeeff".to_owned(),
        "é0112233445566778899aabbccddeef".to_owned(),
    ] {
        let error = token_of_invocation(&bad).unwrap_err();
        assert!(
            matches!(&error, TokenError::NotAnId { id } if *id == bad),
            "{error}"
        );
    }
}

// Rule A2.
#[test]
fn the_first_accessible_directory_is_the_run_dir() {
    let tree = tempfile::tempdir().unwrap();
    let (first, second) = (tree.path().join("first"), tree.path().join("second"));
    let (file, missing) = (tree.path().join("file"), tree.path().join("missing"));
    std::fs::create_dir(&first).unwrap();
    std::fs::create_dir(&second).unwrap();
    std::fs::write(&file, "").unwrap();
    let usual = [
        missing.to_str().unwrap(),
        file.to_str().unwrap(),
        second.to_str().unwrap(),
    ];

    for access in [Access::Read, Access::Write] {
        let configured = Some(first.clone().into_os_string());
        assert_eq!(run_dir_among(configured, &usual, access).unwrap(), first);
        for unusable in [
            None,
            Some("".into()),
            Some(missing.clone().into_os_string()),
        ] {
            assert_eq!(run_dir_among(unusable, &usual, access).unwrap(), second);
        }
        let error = run_dir_among(Some(missing.clone().into()), &usual[..2], access).unwrap_err();
        assert_eq!(
            error.tried,
            [missing.clone(), missing.clone(), file.clone()]
        );
        assert!(error.to_string().contains(usual[1]), "{error}");
    }
}

// Rule A2.
#[cfg(unix)]
#[test]
fn a_provider_makes_the_first_directory_that_it_can() {
    use std::os::unix::fs::PermissionsExt;

    let tree = tempfile::tempdir().unwrap();
    let (orphan, made) = (tree.path().join("a/b"), tree.path().join("made"));
    let usual = [orphan.to_str().unwrap(), made.to_str().unwrap()];
    assert_eq!(create_run_dir_among(None, &usual).unwrap(), made);
    let mode = made.metadata().unwrap().permissions().mode();
    assert_eq!(
        mode & 0o755 & !0o022,
        mode & 0o777,
        "0755 less the umask: {mode:o}"
    );
    // What is there stays as it is.
    assert_eq!(create_run_dir_among(None, &usual).unwrap(), made);
    let error = create_run_dir_among(Some(orphan.clone().into()), &[]).unwrap_err();
    assert_eq!(error.tried, [orphan]);
}

#[cfg(target_os = "linux")]
mod processes {
    use std::io::{Read, Write};
    use std::process::{Child, Command, Stdio};

    use netipc_netdata::{TokenError, auth_token_of_process};

    /// A process that waits until it is dropped.
    struct Waiting(Child);

    impl Waiting {
        fn with(variables: &[(&str, &str)]) -> Self {
            let mut command = Command::new("cat");
            command
                .env_clear()
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
            for (name, value) in variables {
                command.env(name, value);
            }
            let path = std::env::var_os("PATH").unwrap_or_default();
            let mut child = command.env("PATH", path).spawn().expect("cat starts");
            // A process that has just been started may show no environment yet: one that answers does.
            let stdin = child.stdin.as_mut().expect("a pipe");
            stdin.write_all(b"?").expect("it reads");
            let stdout = child.stdout.as_mut().expect("a pipe");
            stdout.read_exact(&mut [0]).expect("it answers");
            Self(child)
        }
    }

    impl Drop for Waiting {
        fn drop(&mut self) {
            self.0.kill().expect("it is our child");
            self.0.wait().expect("it is our child");
        }
    }

    // Rule A3.
    #[test]
    fn a_process_tells_the_token_of_its_agent() {
        let (ours, systemds) = (
            ("NETDATA_INVOCATION_ID", "7f3c1d2e9a4b4c5d8e6f0123456789ab"),
            ("INVOCATION_ID", "00000000000000000000000000000000"),
        );
        for (variables, token) in [
            (vec![systemds, ours], 0x1c4f_14e2_8bba_c07c),
            (vec![systemds], 0xd0a6_6a65_c752_8968),
            (
                vec![("NETDATA_INVOCATION_ID", ""), systemds],
                0xd0a6_6a65_c752_8968,
            ),
        ] {
            let process = Waiting::with(&variables);
            assert_eq!(auth_token_of_process(process.0.id()).unwrap(), token);
        }
        let process = Waiting::with(&[("XINVOCATION_ID", systemds.1)]);
        let error = auth_token_of_process(process.0.id()).unwrap_err();
        assert!(matches!(error, TokenError::NotSetIn { .. }), "{error}");
    }

    #[test]
    fn a_process_that_is_gone_is_an_error_with_its_cause() {
        let error = auth_token_of_process(u32::MAX >> 1).unwrap_err();
        assert!(matches!(error, TokenError::Process { .. }), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    }
}
