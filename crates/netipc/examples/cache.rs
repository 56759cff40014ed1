//! Looks one cgroup up in a cache that survives the provider's absence.
use netipc::service::cgroups::{CgroupsCache, ClientConfig};

fn main() {
    let run_dir = std::env::args().nth(1).expect("usage: cache RUN_DIR");
    let config = ClientConfig {
        auth_token: 0xDEAD_BEEF_CAFE_BABE,
        ..ClientConfig::default()
    };
    let mut cache = CgroupsCache::new(&run_dir, "cgroups-snapshot", config);
    if cache.refresh() {
        println!("cache updated: {} items", cache.status().item_count);
    }
    if let Some(item) = cache.lookup(1001, "docker-abc123") {
        println!("{}: {}", item.name, item.path);
    }
    cache.close();
}
