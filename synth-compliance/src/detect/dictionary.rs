//! Names of columns and what they mean, in English, German, French, Spanish and Italian.
//!
//! A list of our own, of names met in clinical tables and forms. It is in words with blanks between them; how a
//! column's name is held against it is in [`name`](super::name).

use super::finding::{Identifier, SpecialCategory, Treatment};
use synth_core::protect::FakeKind;

/// What a column's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An identifier, with what is done to it, if the cells are of this form.
    Is(Identifier, Treatment, Form),
    /// A person's age.
    Age,
    /// A year of birth.
    BirthYear,
    /// A date of birth.
    BirthDate,
    /// A date or a moment.
    Date,
    /// A month.
    Month,
    /// A day of the month.
    Day,
    /// A latitude or a longitude.
    Coordinate,
    /// A postal code.
    Zip,
    /// A quasi-identifier.
    Quasi,
    /// A special category.
    Special(SpecialCategory),
    /// Free text.
    Text,
}

/// What cells must look like for a name to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Text with letters.
    Words,
    /// Codes: text or whole numbers, many of them distinct.
    Codes,
    /// At least six digits a cell.
    Digits,
    /// Almost every cell another one.
    Unique,
}

impl Meaning {
    /// The identifier that is meant.
    #[cfg(test)]
    pub(super) fn identifier(self) -> Option<Identifier> {
        match self {
            Meaning::Is(identifier, ..) => Some(identifier),
            Meaning::BirthDate | Meaning::Date | Meaning::Month | Meaning::Day => Some(Identifier::Date),
            Meaning::Coordinate | Meaning::Zip => Some(Identifier::Geography),
            _ => None,
        }
    }

    /// The meaning is lost where the name speaks of a count, a type or a flag.
    pub(super) fn needs_plain_name(self) -> bool {
        !matches!(self, Meaning::Special(_) | Meaning::Quasi | Meaning::Age)
    }
}

const fn fake(identifier: Identifier, what: FakeKind, form: Form) -> Meaning {
    Meaning::Is(identifier, Treatment::Fake(what), form)
}

const fn code(identifier: Identifier) -> Meaning {
    Meaning::Is(identifier, Treatment::Regenerate, Form::Codes)
}

const FULL_NAME: Meaning = fake(Identifier::Name, FakeKind::Name, Form::Words);
const STREET: Meaning = fake(Identifier::Geography, FakeKind::Street, Form::Words);
const CITY: Meaning = fake(Identifier::Geography, FakeKind::City, Form::Words);
const COUNTY: Meaning = fake(Identifier::Geography, FakeKind::County, Form::Words);
const PLACE_CODE: Meaning = Meaning::Is(Identifier::Geography, Treatment::Remove, Form::Codes);
const IMAGE: Meaning = Meaning::Is(Identifier::Photograph, Treatment::Remove, Form::Unique);
const BODY: Meaning = Meaning::Is(Identifier::Biometric, Treatment::Remove, Form::Unique);
const UNIQUE: Meaning = Meaning::Is(Identifier::Other, Treatment::Regenerate, Form::Unique);

/// Names that mean something only as the whole name of a column.
#[rustfmt::skip] // One line a name would make this the longest file.
pub(super) const WHOLE_NAMES: &[(Meaning, &[&str])] = &[
    (FULL_NAME, &[
        "name", "names", "nom", "nombre", "nome", "patient", "person", "doctor", "titel name", "physician",
        "surgeon", "attending", "hausarzt", "medecin", "medico", "provider",
    ]),
    (fake(Identifier::Name, FakeKind::FirstName, Form::Words), &["first", "given"]),
    (fake(Identifier::Name, FakeKind::LastName, Form::Words), &["last", "family"]),
    (CITY, &["ort", "place", "lieu", "lugar", "luogo"]),
    (fake(Identifier::Email, FakeKind::Email, Form::Words), &["mail", "mails"]),
    (fake(Identifier::Telephone, FakeKind::Phone, Form::Digits), &["tel", "cell", "mobile", "handy"]),
    (Meaning::Day, &["day", "days", "dom", "mday", "tag", "jour", "dia", "giorno"]),
    (Meaning::Month, &["mon", "mois"]),
    (Meaning::Age, &["eta"]),
    (Meaning::Date, &["dt", "timestamp", "ts", "epoch", "created", "updated", "when"]),
    (Meaning::Coordinate, &["lat", "lon", "lng", "long"]),
    (fake(Identifier::Url, FakeKind::Url, Form::Words), &["link", "links"]),
    (UNIQUE, &["key", "token", "hash", "code", "nr", "number"]),
    (Meaning::Text, &["text", "description", "desc"]),
    (IMAGE, &["image", "img", "jpg", "jpeg", "png"]),
    (Meaning::Quasi, &["state", "staat", "country", "job", "children", "degree"]),
];

/// Names that mean something wherever they stand in the name of a column.
#[rustfmt::skip] // One line a name would make this the longest file.
pub(super) const WITHIN_NAMES: &[(Meaning, &[&str])] = &[
    // A
    (FULL_NAME, &[
        "full name", "patient name", "person name", "name of patient", "subject name", "participant name",
        "contact name", "attending physician", "referring physician", "referring doctor",
        "primary care physician", "responsible physician", "employee name", "customer name", "client name",
        "physician name", "doctor name", "provider name", "nurse name", "staff name", "member name",
        "insured name", "owner name", "user full name", "display name", "name patient", "patientenname",
        "name des patienten", "nom complet", "nom du patient", "nom patient", "nombre completo",
        "nombre del paciente", "nombre y apellido", "nombre y apellidos", "nome completo", "nome e cognome",
        "nominativo", "next of kin", "emergency contact", "guardian", "mother name", "father name",
        "mothers name", "fathers name", "spouse name", "parent name", "angehoerige", "angehorige",
        "ansprechpartner", "kontaktperson", "contact person",
    ]),
    (fake(Identifier::Name, FakeKind::FirstName, Form::Words), &[
        "first name", "given name", "forename", "fore name", "middle name", "fname", "nickname",
        "christian name", "vorname", "rufname", "prenom", "primer nombre", "nombre de pila", "nome di battesimo",
        "firstname", "middle initial",
    ]),
    (fake(Identifier::Name, FakeKind::LastName, Form::Words), &[
        "last name", "surname", "family name", "lname", "maiden name", "birth name", "sur name", "nachname",
        "familienname", "geburtsname", "zuname", "nom de famille", "nom de naissance", "apellido", "apellidos",
        "primer apellido", "segundo apellido", "cognome", "mothers maiden name", "mother maiden name",
    ]),
    (fake(Identifier::Name, FakeKind::Company, Form::Words), &[
        "employer", "employer name", "company", "company name", "arbeitgeber", "employeur", "empleador",
        "datore di lavoro",
    ]),
    // B
    (STREET, &[
        "address", "addr", "street", "street address", "home address", "mailing address", "address line",
        "strasse", "adresse", "anschrift", "rue", "direccion", "calle", "domicilio", "indirizzo", "house number",
        "hausnummer", "hausnr", "street name", "residence address", "domicile", "residential address", "po box",
    ]),
    (CITY, &[
        "city", "town", "village", "municipality", "suburb", "neighborhood", "neighbourhood", "locality",
        "wohnort", "stadt", "gemeinde", "ortschaft", "geburtsort", "ville", "commune", "localite", "ciudad",
        "municipio", "localidad", "pueblo", "citta", "comune", "birthplace", "place of birth", "birth place",
        "birth city", "hometown", "lieu de naissance", "lugar de nacimiento", "luogo di nascita",
        "place of residence", "parish", "precinct", "borough", "ward name",
    ]),
    (COUNTY, &[
        "county", "landkreis", "bezirk", "arrondissement", "district", "comarca", "kreis", "county name",
    ]),
    (PLACE_CODE, &[
        "geohash", "fips", "fips code", "census tract", "tract", "census block", "zcta", "geo code", "geocode",
        "lsoa", "msoa", "grid reference", "what 3 words", "plus code", "gps", "coordinates", "koordinaten",
        "geolocation", "lat lon", "lat long", "lat lng", "latlon",
    ]),
    (Meaning::Coordinate, &[
        "latitude", "longitude", "breitengrad", "laengengrad", "langengrad", "latitud", "longitud", "latitudine",
        "longitudine", "geo lat", "geo lon", "geo lng", "gps lat", "gps lon",
    ]),
    (Meaning::Zip, &[
        "zip", "zip code", "zip 5", "zip 3", "zip 4", "postal code", "postcode", "post code", "plz",
        "postleitzahl", "code postal", "codigo postal", "cap residenza", "codice postale",
        "codice avviamento postale", "npa", "postal", "patient zip",
    ]),
    // C
    (Meaning::BirthDate, &[
        "dob", "date of birth", "birth date", "birthday", "birth dt", "geburtsdatum", "geburtstag", "gebdat",
        "geb datum", "date de naissance", "date naissance", "fecha de nacimiento", "fecha nacimiento",
        "data di nascita", "data nascita", "d o b", "born on", "born",
    ]),
    (Meaning::Date, &[
        "date", "datetime", "date time", "day date", "dteday", "datum", "fecha", "data ricovero",
        "data dimissione", "dod", "date of death", "deathdate", "admit time", "admission time", "discharge time",
        "admission dt", "discharge dt", "visit dt", "timestamp", "time stamp", "time hour", "created at",
        "updated at", "admittime", "dischtime", "deathtime", "edregtime", "edouttime", "sterbedatum",
        "todesdatum", "aufnahmedatum", "entlassdatum", "unix time", "unixtime", "epoch time", "visitdate",
        "admitdate", "admdate", "dischdate", "entry dt", "ymd", "yyyymmdd", "charttime", "starttime", "endtime",
        "startdate", "enddate", "opdatum", "untersuchungsdatum",
    ]),
    (Meaning::Month, &[
        "month", "mnth", "monat", "mes", "mese", "birth month", "month of birth", "admission month",
        "discharge month", "geburtsmonat",
    ]),
    (Meaning::Day, &["birth day", "day of birth", "day of month", "dayofmonth"]),
    (Meaning::BirthYear, &[
        "birth year", "year of birth", "yob", "birthyr", "birth yr", "born year", "year born", "geburtsjahr",
        "jahrgang", "annee de naissance", "annee naissance", "ano de nacimiento", "anno di nascita",
        "anno nascita", "gebjahr",
    ]),
    // D, E, F
    (fake(Identifier::Telephone, FakeKind::Phone, Form::Digits), &[
        "phone", "phone number", "phone no", "telephone", "mobile number", "mobile no", "mobile phone",
        "cell phone", "cell number", "cellphone", "tel no", "tel nr", "tel number", "home tel", "work tel",
        "tel home", "tel work", "phone home", "telefon", "telefonnummer", "telefonnr", "handynummer", "natel",
        "mobiltelefon", "mobil", "telephone number", "portable", "telefono", "celular", "movil", "cellulare",
        "pager", "whatsapp", "contact number", "msisdn", "phonenum",
    ]),
    (fake(Identifier::Fax, FakeKind::Phone, Form::Digits), &[
        "fax", "fax number", "fax no", "fax nr", "telefax", "faxnummer", "facsimile", "telecopie", "faxnum",
    ]),
    (fake(Identifier::Email, FakeKind::Email, Form::Words), &[
        "email", "e mail", "email address", "e mail address", "mail address", "emailaddr", "email addr",
        "mail adresse", "mailadresse", "e mail adresse", "courriel", "adresse mail", "correo",
        "correo electronico", "posta elettronica", "indirizzo email", "adresse email",
    ]),
    // G
    (code(Identifier::SocialSecurity), &[
        "ssn", "social security", "social security number", "soc sec", "soc sec no", "social sec no", "socsec",
        "ssan", "itin", "sin number", "nino", "national insurance number", "ni number", "ahv", "ahv nr", "ahvnr",
        "ahv nummer", "ahv number", "avs", "no avs", "numero avs", "sozialversicherungsnummer", "sv nummer",
        "svnr", "sv nr", "nhs number", "nhs no", "nhsno", "nhs id", "nir", "securite sociale",
        "numero de securite sociale", "numero securite sociale", "nss", "insee number",
        "numero de la seguridad social", "dni", "nie", "nif", "codice fiscale", "cod fisc", "cf paziente",
        "national id", "national identifier", "national number", "personal identity number", "personnummer",
        "bsn", "burgerservicenummer", "cpf", "aadhaar", "aadhar", "steuer id", "steueridentifikationsnummer",
        "tax id", "tax number", "tin number", "pesel", "chi number", "curp", "tessera sanitaria",
    ]),
    // H
    (code(Identifier::MedicalRecord), &[
        "mrn", "medical record", "medical record number", "medical record no", "med rec no", "medrec",
        "record number", "patient id", "patient number", "patient no", "patient nr", "patient nbr",
        "patient identifier", "patient key", "patid", "pat id", "pat no", "pat nr", "patnr", "patientid",
        "patientnr", "patientennummer", "patienten id", "patientennr", "fallnummer", "fall nr", "fallnr",
        "fall id", "aktennummer", "chart no", "chart number", "hospital number", "hospital no", "hospital id",
        "unit number", "case number", "case no", "numero de dossier", "numero dossier", "no dossier", "ipp",
        "nip patient", "historia clinica", "numero de historia", "nhc", "cartella clinica", "numero cartella",
        "id paciente", "id paziente", "id patient", "ehr id", "epic id",
    ]),
    // I
    (code(Identifier::HealthPlan), &[
        "member id", "member number", "member no", "memberid", "subscriber id", "subscriber number",
        "beneficiary", "beneficiary id", "beneficiary number", "bene id", "health plan", "health plan id",
        "health plan number", "health plan no", "insurance number", "insurance no", "insurance id",
        "insurance policy", "policy number", "policy no", "policy id", "policynumber", "medicare number",
        "medicare id", "medicaid id", "medicaid number", "mbi", "hicn", "hic number", "versichertennummer",
        "versichertennr", "versicherten nr", "versicherungsnummer", "krankenkassennummer", "kvnr", "kvnummer",
        "policennummer", "numero d assurance", "numero assure", "numero de afiliado", "numero de poliza",
        "numero polizza", "group number", "health card number", "ohip", "insurance card",
    ]),
    // J
    (code(Identifier::Account), &[
        "account", "account number", "account no", "account id", "acct", "acct no", "acct number", "acct num",
        "iban", "bank account", "bank account number", "credit card", "credit card number", "creditcard",
        "cc number", "ccnum", "card number", "card no", "cardnumber", "debit card", "pan number",
        "routing number", "konto", "kontonummer", "kontonr", "kreditkarte", "kreditkartennummer",
        "numero de compte", "numero compte", "carte bancaire", "cuenta", "numero de cuenta",
        "tarjeta de credito", "numero di conto", "conto corrente", "carta di credito", "bic", "swift",
        "billing number", "invoice number", "invoice no", "rechnungsnummer",
    ]),
    // K
    (code(Identifier::Licence), &[
        "license", "licence", "license number", "licence number", "license no", "licence no", "drivers license",
        "driver license", "driver licence", "driving licence", "driver license number", "dl number", "dl no",
        "dln", "certificate", "certificate number", "certificate no", "cert no", "passport", "passport number",
        "passport no", "npi", "npi number", "dea", "dea number", "dea no", "medical license",
        "registration number", "fuhrerschein", "fuehrerschein", "fuhrerscheinnummer", "ausweisnummer",
        "ausweis nr", "reisepass", "reisepassnummer", "passnummer", "permis de conduire", "numero de permis",
        "passeport", "numero de passeport", "carnet de conducir", "pasaporte", "patente di guida", "passaporto",
        "zertifikat", "visa number", "gmc number", "rpps",
    ]),
    // L
    (code(Identifier::Vehicle), &[
        "vin", "vehicle id", "vehicle identification number", "vehicle identifier", "vehicle number",
        "vehicle no", "vehicle registration", "license plate", "licence plate", "license plate number", "plate",
        "plate number", "plate no", "number plate", "car registration", "kennzeichen", "kfz kennzeichen",
        "nummernschild", "autonummer", "fahrgestellnummer", "immatriculation", "plaque",
        "plaque d immatriculation", "matricula", "targa", "numero de chasis", "chassis number", "tailnum",
        "tail number", "tail no", "registration plate",
    ]),
    // M
    (code(Identifier::Device), &[
        "serial", "serial number", "serial no", "serial nr", "serialno", "serialnumber", "device id",
        "device identifier", "device serial", "device serial number", "device number", "deviceid", "imei", "udi",
        "unique device identifier", "implant serial", "implant id", "pacemaker serial", "pacemaker id",
        "lot number", "seriennummer", "geratenummer", "geraetenummer", "serien nr", "numero de serie",
        "numero di serie", "equipment id", "imsi", "iccid", "meid", "android id", "idfa", "udid", "machine id",
        "gtin",
    ]),
    (fake(Identifier::Device, FakeKind::Mac, Form::Codes), &[
        "mac", "mac address", "mac addr", "macaddr", "mac adresse", "bluetooth address", "adresse mac",
    ]),
    // N, O
    (fake(Identifier::Url, FakeKind::Url, Form::Words), &[
        "url", "uri", "website", "web site", "homepage", "home page", "web page", "webpage", "web address",
        "webseite", "site web", "sitio web", "sito web", "profile link", "linkedin", "facebook", "instagram",
        "www",
    ]),
    (fake(Identifier::IpAddress, FakeKind::Ipv4, Form::Codes), &[
        "ip", "ip address", "ip addr", "ipaddr", "ip adresse", "client ip", "remote addr", "ip v 4",
        "adresse ip", "direccion ip", "indirizzo ip",
    ]),
    (fake(Identifier::IpAddress, FakeKind::Ipv6, Form::Codes), &["ip v 6"]),
    // P, Q
    (BODY, &[
        "fingerprint", "finger print", "thumbprint", "thumb print", "retina", "retina scan", "iris scan",
        "iris code", "iris template", "voiceprint", "voice print", "faceprint", "face print", "biometric",
        "biometrics", "biometric id", "biometric template", "palm print", "fingerabdruck", "stimmabdruck",
        "empreinte digitale", "empreinte", "huella", "huella dactilar", "impronta", "impronta digitale",
        "face embedding", "face vector", "face encoding", "gait signature", "signature",
    ]),
    (IMAGE, &[
        "photo", "photograph", "picture", "face image", "face photo", "photo url", "photo path", "selfie",
        "portrait", "headshot", "foto", "lichtbild", "passfoto", "fotografia", "photographie", "avatar",
        "mugshot", "image path", "image file", "image url", "profile picture",
    ]),
    // R
    (UNIQUE, &[
        "uuid", "guid", "session", "session id", "cookie", "cookie id", "user id", "userid", "ticket",
        "ticket number", "ticket no", "booking", "booking reference", "reference number", "ref no", "barcode",
        "bar code", "qr code", "accession", "accession number", "accession no", "specimen id", "specimen number",
        "specimen", "sample id", "tracking number", "confirmation number", "study id", "enrollment number",
        "enrolment number", "badge number", "badge id", "employee id", "employee number", "personalnummer",
        "staff id", "student id", "student number", "donor id", "order number", "order id", "trial number",
        "randomization number", "auftragsnummer",
    ]),
    (Meaning::Is(Identifier::Other, Treatment::Fake(FakeKind::Username), Form::Unique), &[
        "username", "user name", "login", "login name", "screen name", "handle", "twitter", "benutzername",
        "nom d utilisateur", "nombre de usuario", "nome utente", "skype",
    ]),
    // Free text
    (Meaning::Text, &[
        "note", "notes", "comment", "comments", "remark", "remarks", "free text", "freetext", "narrative",
        "clinical note", "discharge summary", "summary text", "bemerkung", "bemerkungen", "kommentar",
        "anmerkung", "notiz", "notizen", "anamnese", "befund", "freitext", "commentaire", "commentaires",
        "remarque", "observation text", "observaciones", "comentario", "comentarios", "osservazioni", "commento",
        "feedback", "transcript", "message", "history text", "chief complaint",
    ]),
    // Ages and quasi-identifiers
    (Meaning::Age, &[
        "age", "age years", "age at", "alter", "alter in jahren", "edad", "eta anni", "age yrs", "patient age",
        "lebensalter", "age in years",
    ]),
    (Meaning::Quasi, &[
        "sex", "gender", "geschlecht", "sexe", "sexo", "sesso", "genre", "genero", "genere", "marital",
        "marital status", "maritalstatus", "marriage", "married", "ever married", "civil status", "zivilstand",
        "familienstand", "etat civil", "estado civil", "stato civile", "education", "edu", "education level",
        "educational level", "schooling", "bildung", "schulbildung", "escolaridad", "istruzione", "occupation",
        "profession", "beruf", "job title", "workclass", "work class", "work type", "employment",
        "employment status", "ocupacion", "professione", "occupazione", "income", "salary", "wage", "einkommen",
        "revenu", "ingresos", "reddito", "household size", "household income", "number of children",
        "n children", "kinder", "relationship", "native country", "country of birth", "birth country",
        "home country", "country code", "country name", "nationality", "nationalitat", "nationalitaet",
        "nationalite", "nacionalidad", "nazionalita", "citizenship", "staatsangehorigkeit", "pays", "pais",
        "paese", "province", "provider state", "state code", "state name", "home state", "patient state",
        "us state", "kanton", "canton", "bundesland", "provincia", "regione", "residence type", "residence",
        "urban rural", "language", "sprache", "langue", "idioma", "lingua", "mother tongue", "muttersprache",
        "veteran", "military", "immigration status", "agecat", "age cat", "agegroup", "age group", "ageband",
        "age band", "altersgruppe", "housing type", "family status",
    ]),
    // Special categories
    (Meaning::Special(SpecialCategory::RacialOrEthnicOrigin), &[
        "race", "ethnicity", "ethnic", "ethnic group", "ethnic origin", "ethnie", "ethnische herkunft",
        "herkunft", "raza", "etnia", "razza", "skin color", "skin colour", "ancestry", "tribe", "caste",
        "hispanic",
    ]),
    (Meaning::Special(SpecialCategory::PoliticalOpinion), &[
        "political", "political party", "political opinion", "party affiliation", "party membership",
        "politische partei", "parteizugehorigkeit", "partido", "partito", "voting intention", "voted for",
        "opinion politique",
    ]),
    (Meaning::Special(SpecialCategory::Religion), &[
        "religion", "religious", "faith", "confession", "konfession", "religionszugehorigkeit", "creencia",
        "religione", "church", "denomination", "belief",
    ]),
    (Meaning::Special(SpecialCategory::TradeUnion), &[
        "union member", "union membership", "trade union", "labor union", "labour union", "gewerkschaft",
        "syndicat", "sindicato", "sindacato",
    ]),
    (Meaning::Special(SpecialCategory::Genetic), &[
        "genotype", "genotyp", "snp", "allele", "mutation", "genome", "dna", "dna sequence", "haplotype",
        "karyotype", "variant rs", "apoe", "brca", "brca 1", "brca 2", "hla", "gene", "genetic", "genetic test",
    ]),
    (Meaning::Special(SpecialCategory::SexualOrientation), &[
        "sexual orientation", "sex life", "sexual partner", "sexual partners", "orientation sexuelle",
        "sexuelle orientierung", "orientacion sexual", "orientamento sessuale", "sexual activity", "lgbt",
    ]),
    (Meaning::Special(SpecialCategory::Health), &[
        "diagnosis", "diagnoses", "diag", "diagnose", "diagnostic", "diagnostico", "diagnosi", "icd", "icd 9",
        "icd 10", "snomed", "drg", "disease", "illness", "krankheit", "maladie", "enfermedad", "malattia",
        "comorbidity", "comorbidities", "medication", "medications", "medicine", "med", "meds", "drug", "drugs",
        "prescription", "medikament", "medikation", "medicament", "medicamento", "farmaco", "allergy",
        "allergies", "allergie", "hiv", "cancer", "tumor", "tumour", "diabetes", "diabetic", "hypertension",
        "high blood pressure", "heart disease", "stroke", "dementia", "depression", "asthma", "anaemia",
        "anemia", "copd", "hepatitis", "pregnant", "pregnancy", "pregnancies", "schwanger", "disability",
        "behinderung", "handicap", "mental health", "psychiatric", "procedure", "treatment", "therapy",
        "surgery", "dx", "dz", "trt", "symptom", "cause of death", "todesursache", "abortion", "addiction",
        "alcoholism", "substance abuse", "vaccine", "vaccination",
    ]),
];
