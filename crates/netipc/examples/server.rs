//! Serves two cgroups at RUN_DIR until a line arrives on stdin.
use netipc::service::cgroups::{Handler, ManagedServer, ServerConfig};
use std::sync::Arc;

fn main() {
    let run_dir = std::env::args().nth(1).expect("usage: server RUN_DIR");
    let handler = Handler::new(|_request, builder| {
        builder.set_header(1, 42);
        builder
            .add(
                1001,
                0,
                1,
                b"docker-abc123",
                b"/sys/fs/cgroup/docker/abc123",
            )
            .is_ok()
            && builder
                .add(2002, 0, 1, b"k8s-pod-xyz", b"/sys/fs/cgroup/kubepods/xyz")
                .is_ok()
    });
    let config = ServerConfig {
        auth_token: 0xDEAD_BEEF_CAFE_BABE,
        ..ServerConfig::default()
    };
    let server = Arc::new(ManagedServer::with_workers(
        &run_dir,
        "cgroups-snapshot",
        config,
        handler,
        4,
    ));
    let running = Arc::clone(&server);
    let thread = std::thread::spawn(move || running.run());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("stdin");
    server.stop();
    thread
        .join()
        .expect("the server thread")
        .expect("a clean end");
}
