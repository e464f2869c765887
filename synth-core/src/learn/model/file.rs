//! The file that a model is kept in.
//!
//! What is in it stands in [`format`](super::format). The check sum is a line after the JSON, for an entry of its own would stand
//! before or after the other by chance.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{About, Model};
use crate::error::{Error, Result};
use crate::learn::generator::Generator;
use crate::learn::keep::Keep;
use crate::learn::part::{FilePart, Tensor};

/// The version of the model [file](super::format) that this crate writes and reads.
pub const MODEL_VERSION: u32 = 6;

/// What an engine leaves and what its rows keep as the bytes of a model file.
///
/// # Errors
/// [`Error::ModelFile`] if the part is not sound: its header no JSON, two tensors of one name, or a shape that is not its values'.
pub(super) fn to_bytes(engine: &str, part: &FilePart, keep: Option<&Keep>, about: &About) -> Result<Vec<u8>> {
    part.check()?;
    let header = FileHeader {
        version: MODEL_VERSION,
        about: about.clone(),
        constraints: keep.cloned(),
        engine: engine.to_owned(),
        model: RawValue::from_string(part.header.clone())
            .map_err(|_| Error::ModelFile("its header is not JSON".to_owned()))?,
    };
    let header = serde_json::to_string(&header).expect("a header has only string keys and finite numbers");
    let tensors: Vec<(&str, Written)> =
        part.tensors.iter().map(|tensor| (&*tensor.name, Written::of(tensor))).collect();
    let views = tensors.iter().map(|(name, tensor)| (*name, tensor.shape, tensor.bytes.as_slice()));
    let check_sum = check_sum(&header, views.collect());
    let metadata = HashMap::from([("synth".to_owned(), format!("{header}\n{check_sum}"))]);
    Ok(safetensors::serialize(tensors, Some(metadata)).expect("names are unique and shapes fit their data"))
}

/// Reads the bytes of a model file; `read` makes the generator of its part.
pub(super) fn from_bytes(
    bytes: &[u8],
    read: impl FnOnce(&str, &FilePart) -> Result<Box<dyn Generator>>,
) -> Result<Model> {
    let bad = |problem: &str| Error::ModelFile(problem.to_owned());
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|_| bad("not a model file, or damaged"))?;
    let header = metadata.metadata().as_ref().and_then(|m| m.get("synth"));
    let header = header.ok_or_else(|| bad("a safetensors file, but not a model of this program"))?;
    let (header, written) = header.rsplit_once('\n').unwrap_or((header, ""));
    let version: Version = serde_json::from_str(header).map_err(|_| bad("its header has no version"))?;
    if version.version != MODEL_VERSION {
        return Err(bad(&format!("it has version {}, this program reads {MODEL_VERSION}", version.version)));
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(|_| bad("its tensors are damaged"))?;
    let views = tensors.iter().map(|(name, tensor)| (name, tensor.shape().to_vec(), tensor.data()));
    let views: Vec<(&str, Vec<usize>, &[u8])> = views.collect();
    let views = views.iter().map(|(name, shape, bytes)| (*name, shape.as_slice(), *bytes));
    if written != check_sum(header, views.collect()) {
        return Err(bad("damaged: checksum mismatch"));
    }
    let FileHeader { about, constraints, engine, model, .. } =
        serde_json::from_str(header).map_err(|_| bad("its header is damaged"))?;
    if !about.is_sound() {
        return Err(bad("its origin is damaged"));
    }
    let part = FilePart { header: model.get().to_owned(), tensors: FilePart::tensors_of(&tensors)? };
    let generator: Arc<dyn Generator> = read(&engine, &part)?.into();
    if constraints.as_ref().is_some_and(|keep| !keep.is_sound(generator.schema())) {
        return Err(bad("its constraints are not those of its columns"));
    }
    Ok(Model { engine, generator, keep: constraints.map(Arc::new), about })
}

/// Read before the rest, so that another version is named as such.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileHeader {
    version: u32,
    about: About,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constraints: Option<Keep>,
    engine: String,
    model: Box<RawValue>,
}

/// A tensor as little-endian bytes.
struct Written<'a> {
    shape: &'a [usize],
    bytes: Vec<u8>,
}

impl<'a> Written<'a> {
    fn of(tensor: &'a Tensor) -> Self {
        Self { shape: &tensor.shape, bytes: tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect() }
    }
}

impl View for Written<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The check sum of a header and of tensors, whatever order they come in: eight hexadecimal digits.
fn check_sum(header: &str, mut tensors: Vec<(&str, &[usize], &[u8])>) -> String {
    tensors.sort_unstable_by_key(|(name, ..)| *name);
    let mut crc = flate2::Crc::new();
    crc.update(header.as_bytes());
    for (name, shape, bytes) in tensors {
        crc.update(name.as_bytes());
        shape.iter().for_each(|&n| crc.update(&(n as u64).to_le_bytes()));
        crc.update(bytes);
    }
    format!("{:08x}", crc.sum())
}
