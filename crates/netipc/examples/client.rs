//! Prints the cgroups that a provider at RUN_DIR publishes; prints the state and exits with 2 if there is none.
use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_HYBRID};
use netipc::service::cgroups::{CgroupsClient, ClientConfig};

fn main() {
    let run_dir = std::env::args().nth(1).expect("usage: client RUN_DIR");
    let config = ClientConfig {
        supported_profiles: PROFILE_BASELINE | PROFILE_SHM_HYBRID,
        max_response_payload_bytes: 65536,
        auth_token: 0xDEAD_BEEF_CAFE_BABE,
        ..ClientConfig::default()
    };
    let mut client = CgroupsClient::new(&run_dir, "cgroups-snapshot", config);
    client.refresh();
    if !client.ready() {
        eprintln!("{:?}", client.status());
        std::process::exit(2);
    }
    match client.call_snapshot() {
        Ok(view) => {
            println!(
                "generation {} systemd {} items {}",
                view.generation, view.systemd_enabled, view.item_count
            );
            for i in 0..view.item_count {
                let item = view.item(i).expect("a valid item");
                println!(
                    "{:08x} {} {}",
                    item.hash,
                    item.name.to_string_lossy(),
                    item.path.to_string_lossy()
                );
            }
        }
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
    client.close();
}
