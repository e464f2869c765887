//! Rows from generators: the diffusion with an untrained network, which costs what a trained one costs, and the copula.

use criterion::{BenchmarkId, Criterion, Throughput};
use synth_benches::{MEDIUM, rng, table};
use synth_core::Generator;
use synth_core::engine::{Copula, SamplerConfig, ScheduleKind};
use synth_core::train::FitContext;
use synth_core::unstable::encode::Encoder;
use synth_core::unstable::tabddpm::{Network, NetworkDenoiser, Sampler, Schedule};

const HIDDEN: [usize; 2] = [256, 256];
const N_TIMESTEPS: usize = 100;

fn main() {
    let mut criterion = synth_benches::criterion().configure_from_args();
    diffusion(&mut criterion);
    copula(&mut criterion);
    criterion.final_summary();
}

fn diffusion(criterion: &mut Criterion) {
    let encoder = Encoder::fit(&table(MEDIUM, 1)).expect("there is something to learn");
    let layout = encoder.layout();
    let log_shares = vec![0.0; layout.width() - layout.n_scale()];
    let network = Network::init(layout, None, &HIDDEN, &log_shares, &mut rng(2));
    let schedule = Schedule::new(ScheduleKind::Cosine, N_TIMESTEPS);
    let denoiser = NetworkDenoiser::new(&network, layout, None, N_TIMESTEPS);
    let sampler = Sampler::new(layout, &schedule, SamplerConfig::default(), encoder.z_bound());
    let sampler = sampler.expect("the default takes all steps of any schedule");
    let mut group = criterion.benchmark_group("sample/diffusion");
    for n_rows in [512, 4096] {
        group.throughput(Throughput::Elements(n_rows));
        group.bench_function(BenchmarkId::from_parameter(n_rows), |b| {
            b.iter(|| sampler.sample(&denoiser, 0..n_rows, 3));
        });
    }
}

fn copula(criterion: &mut Criterion) {
    let table = table(MEDIUM, 1);
    let fit = || Copula::default().learn(&table, &mut FitContext::new(0));
    let copula = fit().expect("there is something to learn");
    criterion.bench_function(&format!("fit/copula/{MEDIUM}"), |b| b.iter(fit));
    let mut group = criterion.benchmark_group("sample/copula");
    for n_rows in [512, 4096] {
        group.throughput(Throughput::Elements(n_rows));
        group.bench_function(BenchmarkId::from_parameter(n_rows), |b| b.iter(|| copula.sample(0..n_rows, 3)));
    }
}
