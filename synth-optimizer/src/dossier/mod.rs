//! What a run leaves for those who were not there: its record, the log of what was done, the pages for people, and the folder
//! that holds them beside the table.
//!
//! Nothing here fits, measures or judges. What is written is the same, byte for byte, for the same run.

pub mod record;

pub mod audit;
pub mod card;
pub mod losses;
pub mod page;
pub mod portraits;
pub mod provenance;

pub mod folder;
pub mod forms;
pub mod outputs;
pub mod parts;
pub mod shown;
pub mod sources;
pub mod spreadsheet;
pub mod unfinished;

pub use card::model_card;
pub use provenance::provenance;
