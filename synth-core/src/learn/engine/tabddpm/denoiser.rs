//! What predicts the noise and the clean levels of a noisy row.
//!
//! The network is that of the paper (arXiv:2209.15421, eq. 6 and 7): the row, its step's sinusoidal embedding through
//! two affine layers, and its label's embedding are added and run through an MLP. Departures: the last layer starts at
//! zero with the levels' log shares as its bias (as arXiv:2312.10431 does), so that the untrained network predicts
//! nothing, exactly; and one-hot levels enter as 0 and 1, never as logarithms of zero.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rand::Rng;

use crate::learn::encode::Layout;
use crate::learn::nn::{Activation, Dropout, Linear, Mlp, Parameters, Real, Tape, silu, silu_backward, sinusoidal};

/// Predicts, for rows at one time step, the noise of each coordinate and the logits of each block's clean level.
pub trait Denoiser: Sync {
    /// What is kept between calls for rows of one number.
    type Workspace;

    /// Buffers for `n_rows` rows.
    fn workspace(&self, n_rows: usize) -> Self::Workspace;

    /// The prediction for rows (`z_t`, `codes_t`) at time `t`: ε for each coordinate, then logits block by block, as
    /// [`Layout::one_hot`] places them. (rows, [`Layout::width`])
    fn predict<'w>(
        &self,
        work: &'w mut Self::Workspace,
        z_t: ArrayView2<f32>,
        codes_t: ArrayView2<u32>,
        t: usize,
    ) -> &'w Array2<f32>;
}

/// The width in which row, time and label meet. 128, from the paper's code.
pub const EMBEDDING: usize = 128;

/// The MLP denoiser's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Network<F> {
    /// One-hot rows to the embedding's width.
    pub input: Linear<F>,
    /// The time embedding's two layers, SiLU between them.
    pub time: [Linear<F>; 2],
    /// One row per label; SiLU is applied to it. Absent without a label.
    pub label: Option<Linear<F>>,
    /// From the embedding's width to the prediction.
    pub mlp: Mlp<F>,
}

/// Which of a layout's blocks is the label: it conditions the rest and is not diffused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Its position among the layout's blocks.
    pub block_idx: usize,
    /// The number of its levels.
    pub n_levels: usize,
}

impl<F: Real> Network<F> {
    /// A network that predicts no noise and the shares `log_shares` (block by block, as the layout places them).
    pub fn init<R: Rng + ?Sized>(
        layout: &Layout,
        label: Option<Label>,
        hidden: &[usize],
        log_shares: &[f64],
        rng: &mut R,
    ) -> Self {
        let width = layout.width();
        let mut mlp = Mlp::init(&[&[EMBEDDING], hidden, &[width]].concat(), rng);
        let bias = &mut mlp.layers.last_mut().expect("an MLP has a layer").bias;
        for (bias, &log_share) in bias.iter_mut().skip(layout.n_scale()).zip(log_shares) {
            *bias = F::from(log_share).expect("a float holds a logarithm");
        }
        Self {
            input: Linear::init(width, EMBEDDING, rng),
            time: [Linear::init(EMBEDDING, EMBEDDING, rng), Linear::init(EMBEDDING, EMBEDDING, rng)],
            label: label.map(|label| Linear::init(label.n_levels, EMBEDDING, rng)),
            mlp,
        }
    }

    /// Buffers for batches of `n_rows`.
    pub fn workspace(&self, n_rows: usize) -> Workspace<F> {
        let embedding = || Array2::zeros((n_rows, EMBEDDING));
        Workspace {
            x: Array2::zeros((n_rows, self.input.weight.nrows())),
            times: embedding(),
            time_hidden: embedding(),
            time_active: embedding(),
            time_grad: embedding(),
            labels: self.label.as_ref().map(|label| Array2::zeros((n_rows, label.weight.nrows()))),
            label_hidden: embedding(),
            added: embedding(),
            tape: self.mlp.tape(n_rows),
        }
    }

    /// Runs the rows, times and labels that stand in the workspace; the prediction stands there afterwards.
    pub fn forward<R: Rng + ?Sized>(&self, work: &mut Workspace<F>, dropout: Dropout<'_, R>) {
        self.input.forward(work.x.view(), &mut work.tape.input_mut().view_mut()); // (B, W) -> (B, E)
        self.embed_times(work);
        *work.tape.input_mut() += &work.added;
        self.add_label(work);
        self.mlp.forward(&mut work.tape, Activation::Relu, dropout);
    }

    /// The same for rows that are all at one time, whose embedding is at hand, with no unit dropped.
    fn forward_at(&self, work: &mut Workspace<F>, embedded_time: ArrayView1<F>) {
        self.input.forward(work.x.view(), &mut work.tape.input_mut().view_mut());
        *work.tape.input_mut() += &embedded_time;
        self.add_label(work);
        self.mlp.predict(&mut work.tape, Activation::Relu);
    }

    fn embed_times(&self, work: &mut Workspace<F>) {
        self.time[0].forward(work.times.view(), &mut work.time_hidden.view_mut());
        work.time_active.zip_mut_with(&work.time_hidden, |y, &x| *y = silu(x));
        self.time[1].forward(work.time_active.view(), &mut work.added.view_mut());
    }

    fn add_label(&self, work: &mut Workspace<F>) {
        if let (Some(label), Some(one_hot)) = (&self.label, &work.labels) {
            label.forward(one_hot.view(), &mut work.label_hidden.view_mut());
            work.tape.input_mut().zip_mut_with(&work.label_hidden, |h, &x| *h += silu(x));
        }
    }

    /// Adds the parameters' gradients into `grad`, from the prediction's gradient that stands in the workspace.
    pub fn backward(&self, work: &mut Workspace<F>, grad: &mut Self) {
        self.mlp.backward(&mut work.tape, &mut grad.mlp);
        let dh = work.tape.input_grad(); // (B, E)
        self.input.backward(work.x.view(), dh.view(), &mut grad.input, None);
        let d_active = Some(&mut work.time_grad.view_mut());
        self.time[1].backward(work.time_active.view(), dh.view(), &mut grad.time[1], d_active);
        work.time_grad.zip_mut_with(&work.time_hidden, |dy, &x| *dy = silu_backward(x, *dy));
        self.time[0].backward(work.times.view(), work.time_grad.view(), &mut grad.time[0], None);
        if let (Some(label), Some(one_hot), Some(grad)) = (&self.label, &work.labels, &mut grad.label) {
            work.label_hidden.zip_mut_with(dh, |x, &dy| *x = silu_backward(*x, dy));
            label.backward(one_hot.view(), work.label_hidden.view(), grad, None);
        }
    }
}

/// A batch's inputs, and the buffers of a forward and a backward pass.
#[derive(Debug, Clone)]
pub struct Workspace<F> {
    x: Array2<F>,
    times: Array2<F>,
    time_hidden: Array2<F>,
    time_active: Array2<F>,
    time_grad: Array2<F>,
    labels: Option<Array2<F>>,
    label_hidden: Array2<F>,
    added: Array2<F>,
    tape: Tape<F>,
}

impl<F: Real> Workspace<F> {
    /// Writes the rows: coordinates, and one-hot blocks but for the label, which goes to its own place.
    pub fn set_rows(&mut self, layout: &Layout, label: Option<Label>, z: ArrayView2<F>, codes: ArrayView2<u32>) {
        let n_scale = layout.n_scale();
        let (mut scale, mut levels) = self.x.view_mut().split_at(Axis(1), n_scale);
        scale.assign(&z);
        levels.fill(F::zero());
        for (block_idx, (start, _)) in layout.one_hot().enumerate() {
            let codes = codes.column(block_idx);
            if label.is_some_and(|label| label.block_idx == block_idx) {
                let one_hot = self.labels.as_mut().expect("a network with a label has a place for it");
                one_hot.fill(F::zero());
                codes.iter().enumerate().for_each(|(row, &code)| one_hot[[row, code as usize]] = F::one());
            } else {
                codes.iter().enumerate().for_each(|(row, &code)| self.x[[row, start + code as usize]] = F::one());
            }
        }
    }

    /// Writes the embedding of each row's time.
    pub fn set_times(&mut self, table: &Array2<F>, times: impl Iterator<Item = usize>) {
        for (mut row, t) in self.times.axis_iter_mut(Axis(0)).zip(times) {
            row.assign(&table.row(t));
        }
    }

    /// The prediction. (rows, width)
    pub fn prediction(&self) -> &Array2<F> {
        self.tape.output()
    }

    /// The prediction, and where its gradient is written.
    pub fn prediction_and_grad(&mut self) -> (&Array2<F>, &mut Array2<F>) {
        self.tape.output_and_grad()
    }
}

/// The embedding of every time from 0 to `n_timesteps`. (times, [`EMBEDDING`])
pub fn time_table<F: Real>(n_timesteps: usize) -> Array2<F> {
    sinusoidal(n_timesteps, EMBEDDING).mapv(|x| F::from(x).expect("a float holds a cosine"))
}

impl<F: Real> Parameters<F> for Network<F> {
    fn slices(&self) -> Vec<&[F]> {
        let linears = [&self.input, &self.time[0], &self.time[1]].into_iter().chain(&self.label);
        linears.flat_map(Parameters::slices).chain(self.mlp.slices()).collect()
    }

    fn slices_mut(&mut self) -> Vec<&mut [F]> {
        let [time0, time1] = &mut self.time;
        let linears = [&mut self.input, time0, time1].into_iter().chain(&mut self.label);
        linears.flat_map(Parameters::slices_mut).chain(self.mlp.slices_mut()).collect()
    }
}

/// A trained network with what it needs to be asked.
#[derive(Debug, Clone)]
pub struct NetworkDenoiser<'a> {
    network: &'a Network<f32>,
    layout: &'a Layout,
    label: Option<Label>,
    /// The time embedding after its two layers. (times, [`EMBEDDING`])
    embedded_times: Array2<f32>,
}

impl<'a> NetworkDenoiser<'a> {
    /// Wraps `network`, trained on rows of `layout` with `n_timesteps` steps.
    pub fn new(network: &'a Network<f32>, layout: &'a Layout, label: Option<Label>, n_timesteps: usize) -> Self {
        let mut work = network.workspace(n_timesteps + 1);
        work.times.assign(&time_table(n_timesteps));
        network.embed_times(&mut work);
        Self { network, layout, label, embedded_times: work.added }
    }
}

impl Denoiser for NetworkDenoiser<'_> {
    type Workspace = Workspace<f32>;

    fn workspace(&self, n_rows: usize) -> Workspace<f32> {
        self.network.workspace(n_rows)
    }

    fn predict<'w>(
        &self,
        work: &'w mut Workspace<f32>,
        z_t: ArrayView2<f32>,
        codes_t: ArrayView2<u32>,
        t: usize,
    ) -> &'w Array2<f32> {
        work.set_rows(self.layout, self.label, z_t, codes_t);
        self.network.forward_at(work, self.embedded_times.row(t));
        work.prediction()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::encode::Layout;
    use crate::learn::nn::testing::{check_gradient, draw_array, seeded};
    use ndarray::array;

    #[test]
    fn derivatives_agree_with_central_differences() {
        let layout = Layout::of(2, &[3, 2]);
        let rng = &mut seeded(8);
        let label = Some(Label { block_idx: 1, n_levels: 2 });
        let mut network = Network::<f64>::init(&layout, label, &[5], &[0.0; 5], rng);
        *network.mlp.layers.last_mut().unwrap() = Linear::init(5, layout.width(), rng);
        let (z, codes) = (draw_array((3, 2), rng), array![[0, 1], [2, 0], [1, 1]]);
        let (weights, table) = (draw_array((3, layout.width()), rng), time_table(10));
        let run = |network: &Network<f64>| {
            let mut work = network.workspace(3);
            work.set_rows(&layout, label, z.view(), codes.view());
            work.set_times(&table, [1, 5, 9].into_iter());
            network.forward(&mut work, Dropout::<rand_chacha::ChaCha8Rng>::Off);
            work
        };
        let (mut work, mut grad) = (run(&network), network.clone());
        grad.set_zero();
        work.prediction_and_grad().1.assign(&weights);
        network.backward(&mut work, &mut grad);
        check_gradient(&network, &grad, |network| (run(network).prediction() * &weights).sum());
    }

    #[test]
    fn an_untrained_network_predicts_the_shares_and_no_noise() {
        let layout = Layout::of(1, &[2]);
        let shares = [0.25f64.ln(), 0.75f64.ln()];
        let network = Network::<f32>::init(&layout, None, &[8], &shares, &mut seeded(9));
        let denoiser = NetworkDenoiser::new(&network, &layout, None, 10);
        let mut work = denoiser.workspace(1);
        let said = denoiser.predict(&mut work, array![[0.7]].view(), array![[1]].view(), 3);
        assert_eq!(said, array![[0.0, shares[0] as f32, shares[1] as f32]]);
    }

    #[test]
    fn a_row_at_a_known_time_is_a_row_with_its_time_embedded() {
        let (layout, rng) = (Layout::of(1, &[2]), &mut seeded(11));
        let mut network = Network::<f32>::init(&layout, None, &[8], &[0.0; 2], rng);
        *network.mlp.layers.last_mut().unwrap() = Linear::init(8, 3, rng);
        let (z, codes) = (array![[0.7]], array![[1]]);
        let denoiser = NetworkDenoiser::new(&network, &layout, None, 10);
        let (mut fast, mut plain) = (denoiser.workspace(1), network.workspace(1));
        plain.set_rows(&layout, None, z.view(), codes.view());
        plain.set_times(&time_table(10), std::iter::once(7));
        network.forward(&mut plain, Dropout::<rand_chacha::ChaCha8Rng>::Off);
        assert_eq!(denoiser.predict(&mut fast, z.view(), codes.view(), 7), plain.prediction());
    }
}
