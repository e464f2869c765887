//! The whole program, seen from outside: what it prints, what it writes, how it ends.
//!
//! Every call in these tests also checks what holds always: no panic and no backtrace is shown, and no temporary file
//! stays behind. The tables are small and the training short, so that the suite takes seconds.

mod audit;
mod bad_input;
mod constraints;
mod databases;
mod escapes;
mod figures;
mod help;
mod impute;
mod inputs;
mod library;
mod limits;
mod looks;
mod loss;
mod model_file;
mod page;
mod parts;
mod protection;
mod runs;
mod sample;
mod score;
mod seeds;
mod settings;
mod spreadsheets;
mod support;
mod units;
mod verbs;
mod verify;
mod white_box;
mod words;
