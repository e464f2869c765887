//! A generator's part of a model file: a text, and numbers beside it.

use std::collections::HashSet;
use std::fmt;

use ndarray::{Array1, Array2};
use safetensors::tensor::{Dtype, SafeTensors};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Error, Result};
use crate::learn::nn::{Linear, Parameters};

/// What a generator leaves in a [model file](crate::model::format), and is made of again.
#[derive(Clone, Default, PartialEq)]
pub struct FilePart {
    /// All but the tensors, as one JSON object.
    pub header: String,
    /// Tensors of 32-bit floats, by unique names.
    pub tensors: Vec<Tensor>,
}

/// A tensor of a [`FilePart`].
#[derive(Clone, PartialEq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its lengths.
    pub shape: Vec<usize>,
    /// Its values, row-major.
    pub values: Vec<f32>,
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tensor").field("name", &self.name).field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// Shows no more than a size: the header tells of the table.
impl fmt::Debug for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePart").field("header", &self.header.len()).field("tensors", &self.tensors).finish()
    }
}

impl FilePart {
    /// A part with a header and no tensors yet.
    ///
    /// # Panics
    /// If `header` has a map with keys that are no strings.
    pub fn new(header: &impl Serialize) -> Self {
        let header = serde_json::to_string(header).expect("a header has only string keys and finite numbers");
        Self { header, tensors: Vec::new() }
    }

    /// Adds a tensor.
    pub fn push(&mut self, name: impl Into<String>, shape: &[usize], values: &[f32]) {
        self.tensors.push(Tensor { name: name.into(), shape: shape.to_vec(), values: values.to_vec() });
    }

    /// The header, if it is what it should be.
    ///
    /// # Errors
    /// [`Error::ModelFile`] if it is not.
    pub fn parse<H: DeserializeOwned>(&self) -> Result<H> {
        serde_json::from_str(&self.header).map_err(|_| Error::ModelFile("its header is damaged".to_owned()))
    }

    /// The values of the tensor called `name`, which must have the given shape.
    ///
    /// # Errors
    /// [`Error::ModelFile`] if there is none, or one of another shape, or one with a value that is not finite.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<&[f32]> {
        let bad = |problem: &str| bad_tensor(name, problem);
        let tensor = self.tensors.iter().find(|tensor| tensor.name == name).ok_or_else(|| bad("is missing"))?;
        if tensor.shape != shape {
            return Err(bad("has another type or shape than the model's layout"));
        }
        if tensor.values.iter().all(|x| x.is_finite()) {
            Ok(&tensor.values)
        } else {
            Err(bad("contains a value that is not finite"))
        }
    }

    /// Whether it can be written: names are unique, and shapes are those of their values.
    ///
    /// # Errors
    /// [`Error::ModelFile`] for the first tensor that is not so.
    pub(crate) fn check(&self) -> Result<()> {
        let mut names = HashSet::new();
        for Tensor { name, shape, values } in &self.tensors {
            if !names.insert(name) {
                return Err(bad_tensor(name, "is there twice"));
            }
            if shape.iter().try_fold(1_usize, |n, &length| n.checked_mul(length)) != Some(values.len()) {
                return Err(bad_tensor(name, "has another shape than its values"));
            }
        }
        Ok(())
    }

    /// The tensors of a file.
    ///
    /// # Errors
    /// [`Error::ModelFile`] if one has another type than 32-bit floats.
    pub(crate) fn tensors_of(tensors: &SafeTensors<'_>) -> Result<Vec<Tensor>> {
        let owned = tensors.iter().map(|(name, tensor)| {
            if tensor.dtype() != Dtype::F32 {
                return Err(bad_tensor(name, "has another type or shape than the model's layout"));
            }
            let (numbers, _) = tensor.data().as_chunks::<4>();
            let values = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            Ok(Tensor { name: name.to_owned(), shape: tensor.shape().to_vec(), values })
        });
        owned.collect()
    }

    pub(crate) fn push_matrix(&mut self, name: &str, matrix: &Array2<f32>) {
        self.push(name, matrix.shape(), matrix.as_slice().expect("row-major"));
    }

    pub(crate) fn push_linear(&mut self, name: &str, linear: &Linear<f32>) {
        let [weight, bias] = linear.slices()[..] else { unreachable!("a layer has two tensors") };
        self.push(format!("{name}.weight"), linear.weight.shape(), weight);
        self.push(format!("{name}.bias"), linear.bias.shape(), bias);
    }

    pub(crate) fn vector(&self, name: &str, length: usize) -> Result<Array1<f32>> {
        Ok(Array1::from(self.tensor(name, &[length])?.to_vec()))
    }

    pub(crate) fn matrix(&self, name: &str, shape: (usize, usize)) -> Result<Array2<f32>> {
        let values = self.tensor(name, &[shape.0, shape.1])?.to_vec();
        Ok(Array2::from_shape_vec(shape, values).expect("the shape was just checked"))
    }

    pub(crate) fn linear(&self, name: &str, n_inputs: usize, n_outputs: usize) -> Result<Linear<f32>> {
        Ok(Linear {
            weight: self.matrix(&format!("{name}.weight"), (n_inputs, n_outputs))?,
            bias: self.vector(&format!("{name}.bias"), n_outputs)?,
        })
    }
}

fn bad_tensor(name: &str, problem: &str) -> Error {
    Error::ModelFile(format!("tensor `{name}` {problem}"))
}
