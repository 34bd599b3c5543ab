//! Many domains in one database: a queue, a worker and its connections for each.

use std::time::Instant;

use commandbus::{bus::SendManyError, prelude::*};
use futures_util::future::try_join_all;
use protocol::{Answer, Error, Meter, Payload};

use crate::{answer, arguments::OurTask, system::Ours};

/// A command, its handler and its way to be sent for each domain.
macro_rules! domains {
    ($($module:ident $domain:literal),* $(,)?) => {
        $(mod $module {
            use commandbus::prelude::*;
            use protocol::{Meter, Payload};

            #[command(domain = $domain)]
            #[derive(Debug, Serialize, Deserialize)]
            pub struct Job {
                #[serde(flatten)]
                pub payload: Payload,
            }

            #[handler]
            async fn job(job: Job, State(meter): State<Meter>) {
                meter.handled(&job.payload);
            }
        })*

        const NAMES: &[&str] = &[$($domain),*];

        async fn send_to(bus: &Bus, domain: &str, jobs: usize) -> Result<(), SendManyError> {
            match domain {
                $($domain => drop(bus.send_many((0..jobs).map(|_| $module::Job { payload: Payload::of(0) })).await?),)*
                other => unreachable!("no domain is {other}"),
            }
            Ok(())
        }
    };
}

domains! {
    d000 "bench_000", d001 "bench_001", d002 "bench_002", d003 "bench_003", d004 "bench_004", d005 "bench_005", d006 "bench_006", d007 "bench_007", d008 "bench_008", d009 "bench_009",
    d010 "bench_010", d011 "bench_011", d012 "bench_012", d013 "bench_013", d014 "bench_014", d015 "bench_015", d016 "bench_016", d017 "bench_017", d018 "bench_018", d019 "bench_019",
    d020 "bench_020", d021 "bench_021", d022 "bench_022", d023 "bench_023", d024 "bench_024", d025 "bench_025", d026 "bench_026", d027 "bench_027", d028 "bench_028", d029 "bench_029",
    d030 "bench_030", d031 "bench_031", d032 "bench_032", d033 "bench_033", d034 "bench_034", d035 "bench_035", d036 "bench_036", d037 "bench_037", d038 "bench_038", d039 "bench_039",
    d040 "bench_040", d041 "bench_041", d042 "bench_042", d043 "bench_043", d044 "bench_044", d045 "bench_045", d046 "bench_046", d047 "bench_047", d048 "bench_048", d049 "bench_049",
    d050 "bench_050", d051 "bench_051", d052 "bench_052", d053 "bench_053", d054 "bench_054", d055 "bench_055", d056 "bench_056", d057 "bench_057", d058 "bench_058", d059 "bench_059",
    d060 "bench_060", d061 "bench_061", d062 "bench_062", d063 "bench_063", d064 "bench_064", d065 "bench_065", d066 "bench_066", d067 "bench_067", d068 "bench_068", d069 "bench_069",
    d070 "bench_070", d071 "bench_071", d072 "bench_072", d073 "bench_073", d074 "bench_074", d075 "bench_075", d076 "bench_076", d077 "bench_077", d078 "bench_078", d079 "bench_079",
    d080 "bench_080", d081 "bench_081", d082 "bench_082", d083 "bench_083", d084 "bench_084", d085 "bench_085", d086 "bench_086", d087 "bench_087", d088 "bench_088", d089 "bench_089",
    d090 "bench_090", d091 "bench_091", d092 "bench_092", d093 "bench_093", d094 "bench_094", d095 "bench_095", d096 "bench_096", d097 "bench_097", d098 "bench_098", d099 "bench_099",
    d100 "bench_100", d101 "bench_101", d102 "bench_102", d103 "bench_103", d104 "bench_104", d105 "bench_105", d106 "bench_106", d107 "bench_107", d108 "bench_108", d109 "bench_109",
    d110 "bench_110", d111 "bench_111", d112 "bench_112", d113 "bench_113", d114 "bench_114", d115 "bench_115", d116 "bench_116", d117 "bench_117", d118 "bench_118", d119 "bench_119",
    d120 "bench_120", d121 "bench_121", d122 "bench_122", d123 "bench_123", d124 "bench_124", d125 "bench_125", d126 "bench_126", d127 "bench_127", d128 "bench_128", d129 "bench_129",
    d130 "bench_130", d131 "bench_131", d132 "bench_132", d133 "bench_133", d134 "bench_134", d135 "bench_135", d136 "bench_136", d137 "bench_137", d138 "bench_138", d139 "bench_139",
    d140 "bench_140", d141 "bench_141", d142 "bench_142", d143 "bench_143", d144 "bench_144", d145 "bench_145", d146 "bench_146", d147 "bench_147", d148 "bench_148", d149 "bench_149",
    d150 "bench_150", d151 "bench_151", d152 "bench_152", d153 "bench_153", d154 "bench_154", d155 "bench_155", d156 "bench_156", d157 "bench_157", d158 "bench_158", d159 "bench_159",
    d160 "bench_160", d161 "bench_161", d162 "bench_162", d163 "bench_163", d164 "bench_164", d165 "bench_165", d166 "bench_166", d167 "bench_167", d168 "bench_168", d169 "bench_169",
    d170 "bench_170", d171 "bench_171", d172 "bench_172", d173 "bench_173", d174 "bench_174", d175 "bench_175", d176 "bench_176", d177 "bench_177", d178 "bench_178", d179 "bench_179",
    d180 "bench_180", d181 "bench_181", d182 "bench_182", d183 "bench_183", d184 "bench_184", d185 "bench_185", d186 "bench_186", d187 "bench_187", d188 "bench_188", d189 "bench_189",
    d190 "bench_190", d191 "bench_191", d192 "bench_192", d193 "bench_193", d194 "bench_194", d195 "bench_195", d196 "bench_196", d197 "bench_197", d198 "bench_198", d199 "bench_199",
}

/// As many to each.
pub async fn send(ours: &Ours, jobs: usize, domains: usize) -> Result<Answer, Error> {
    let start = Instant::now();
    for name in &NAMES[..domains] {
        send_to(&ours.bus, name, jobs / domains).await?;
    }
    Ok(answer(&OurTask::SendDomains { jobs, domains }, jobs, start.elapsed().as_secs_f64()))
}

/// With a worker for each, side by side in this process.
pub async fn drain(ours: &Ours, jobs: usize, domains: usize) -> Result<Answer, Error> {
    let meter = Meter::of(jobs / domains * domains);
    let stop = tokio_util::sync::CancellationToken::new();
    let workers = NAMES[..domains]
        .iter()
        .map(|name| Worker::new(&ours.bus, *name).provide(meter.clone()).concurrency(100).build())
        .collect::<Result<Vec<_>, _>>()?;
    meter.start();
    let running: Vec<_> =
        workers.into_iter().map(|worker| tokio::spawn(worker.run_until(stop.clone().cancelled_owned()))).collect();
    meter.finished().await;
    stop.cancel();
    try_join_all(running).await?.into_iter().collect::<Result<(), _>>()?;
    Ok(answer(&OurTask::DrainDomains { jobs, domains }, jobs, meter.seconds_by_now()))
}
