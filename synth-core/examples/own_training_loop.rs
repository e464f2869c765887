//! Layers, optimiser and average without any generator: a network that learns the sine, in a custom training loop.
//!
//! `cargo run --release -p synth-core --features unstable --example own_training_loop`
#![allow(clippy::print_stdout, reason = "an example is there to be read")]

use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_core::unstable::nn::{Activation, AdamW, AdamWConfig, Dropout, Ema, Mlp, Parameters, clip_norm};

const BATCH: usize = 64;

fn main() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut network = Mlp::<f32>::init(&[1, 64, 64, 1], &mut rng);
    let (mut grad, mut tape) = (network.clone(), network.tape(BATCH));
    let mut optimiser = AdamW::new(&network, AdamWConfig::default());
    let mut average = Ema::new(network.clone(), 0.99);

    for step in 0..=1000 {
        let x = Array2::from_shape_fn((BATCH, 1), |_| rng.gen_range(-3.0_f32..3.0));
        let y = x.mapv(f32::sin);
        tape.input_mut().assign(&x);
        network.forward(&mut tape, Activation::Silu, Dropout::<ChaCha8Rng>::Off);

        // Half the squared error: its derivative is the error.
        let (output, output_grad) = tape.output_and_grad();
        let error = output - &y;
        output_grad.assign(&(&error / BATCH as f32));
        grad.set_zero();
        network.backward_parameters(&mut tape, &mut grad);
        clip_norm(&mut grad, 1.0);
        optimiser.step(&mut network, &grad, 1e-2 * (1.0 - f64::from(step) / 1001.0));
        average.update(&network);
        if step % 200 == 0 {
            println!("step {step:4}  mean squared error {:.5}", error.mapv(|e| e * e).mean().unwrap_or(f32::NAN));
        }
    }

    let mut tape = average.average().tape(1);
    tape.input_mut().fill(1.0);
    average.average().predict(&mut tape, Activation::Silu);
    println!("sin(1) = {:.4}, the average of the weights says {:.4}", 1.0_f32.sin(), tape.output()[[0, 0]]);
}
