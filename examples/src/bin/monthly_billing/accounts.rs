//! The accounts to bill: a CSV file, of which `data/accounts.csv` is the small one.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter},
    path::{Path, PathBuf},
};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many accounts the file in the repository has.
pub(crate) const SMALL: u32 = 1_000;

/// The same accounts for everybody, every time.
const SEED: u64 = 20_261_101;

/// One line of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) account: Uuid,
    pub(crate) holder: String,
    /// What to debit this month; the export writes -1 where the plan is missing.
    pub(crate) cents: i64,
    /// `open`, `locked`, or `unreachable` when the bank behind it does not answer.
    pub(crate) state: String,
}

/// The file with `count` accounts; written first where it is not there.
pub(crate) fn file(count: u32) -> io::Result<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    if count == SMALL {
        return Ok(data.join("accounts.csv"));
    }
    let path = data.join(format!("accounts-{count}.csv"));
    if !path.exists() {
        let unfinished = path.with_extension("unfinished");
        write(&unfinished, count)?;
        std::fs::rename(unfinished, &path)?;
    }
    Ok(path)
}

/// Reads the file line by line, so that its size does not matter.
pub(crate) fn read(path: &Path) -> io::Result<impl Iterator<Item = csv::Result<Account>> + Send + use<>> {
    Ok(csv::Reader::from_reader(BufReader::new(File::open(path)?)).into_deserialize())
}

/// Writes a file of `count` accounts, and a few lines that will need an operator.
pub(crate) fn write(path: &Path, count: u32) -> io::Result<()> {
    const FIRST: [&str; 8] = ["Ada", "Grace", "Edsger", "Barbara", "Donald", "Leslie", "Radia", "Niklaus"];
    const LAST: [&str; 8] = ["Keller", "Okafor", "Lindqvist", "Moreau", "Tanaka", "Novak", "Silva", "Byrne"];
    const PLANS: [i64; 4] = [499, 999, 1_999, 4_900];
    let mut random = StdRng::seed_from_u64(SEED);
    let mut writer = csv::Writer::from_writer(BufWriter::new(File::create(path)?));
    for line in 0..count {
        let mut account = Account {
            account: uuid::Builder::from_random_bytes(random.random()).into_uuid(),
            holder: format!("{} {}", pick(&FIRST, &mut random), pick(&LAST, &mut random)),
            cents: pick(&PLANS, &mut random),
            state: "open".to_owned(),
        };
        // One in 250 of each kind of trouble.
        match line % 250 {
            60 => account.state = "locked".to_owned(),
            120 => account.state = "unreachable".to_owned(),
            180 => account.cents = -1,
            // The export lists it twice.
            240 => writer.serialize(&account)?,
            _ => {}
        }
        writer.serialize(&account)?;
    }
    writer.flush()
}

fn pick<T: Copy>(from: &[T], random: &mut StdRng) -> T {
    *from.choose(random).expect("the lists above are not empty")
}
