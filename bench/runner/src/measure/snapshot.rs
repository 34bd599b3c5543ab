//! A drain while another session holds a snapshot: no dead row can be removed, and each claim walks over them.

use super::{DRAIN_SNAPSHOT, drain};
use crate::{Error, bench::Bench, figures::Figures};

pub async fn each(bench: &Bench, figures: &mut Figures, jobs: usize, systems: &[&str]) -> Result<(), Error> {
    for system in systems.iter().filter_map(|name| bench.system(name)) {
        let database = bench.fresh(system).await?;
        drain::fill(bench, figures, system, &database, jobs).await?;
        let mut holder = database.pool.begin().await?;
        sqlx::raw_sql("set transaction isolation level repeatable read; select 1").execute(&mut *holder).await?;
        let rate = drain::empty(bench, figures, system, &database, jobs, jobs).await?;
        holder.rollback().await?;
        figures.add(DRAIN_SNAPSHOT, system.profile.name, rate);
        bench.server.remove(database).await?;
    }
    Ok(())
}
