"""The words in keys that tell whether a value is a person's: singular, lower case, no accents."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Nothing excuses these.
UNMISTAKABLE: Mapping[str, frozenset[str]] = {
    "email": _words("email mail recipient sender correo courriel"),
    "token": _words(
        "password passwd pwd secret token credential otp jwt apikey passcode passphrase passkey"
        " accesskey secretkey privatekey licensekey"
        " passwort kennwort motdepasse depasse contrasena senha wachtwoord haslo heslo"
    ),
    "name": _words(
        "firstname lastname username nickname nick surname forename givenname familyname"
        " middlename maidenname legalname initials"
        " vorname nachname familienname zuname geburtsname benutzername nutzername kundenname"
        " prenom nomfamille defamille apellido cognome sobrenome"
        " voornaam achternaam gebruikersnaam imie nazwisko prijmeni"
    ),
    "birth": _words(
        "birth birthday birthdate dob born geburtsdatum geburtstag geburtsjahr geburtsort"
        " naissance nacimiento cumpleanos nascita compleanno nascimento"
        " geboortedatum geboortedag urodzenia urodziny narozeni narozeniny"
    ),
    "id": _words(
        "kundennummer kundennr kundenid mitgliedsnummer benutzerid nutzerid klantnummer"
        " klantnr codicecliente"
    ),
}
# Excused only by a word behind them that says what the value is instead: `card_type`.
USUAL: Mapping[str, frozenset[str]] = {
    "phone": _words(
        "phone tel telephone fax whatsapp msisdn telefon telefonnummer telefonnr rufnummer"
        " handynummer mobilnummer telefono telefone telefoon telefoonnummer telefonu telemovel"
        " celular cellulare"
    ),
    "address": _words(
        "address street zip zipcode postal postcode latitude longitude lat lng lon ip"
        " adresse anschrift strasse hausnummer plz postleitzahl wohnort rue calle"
        " indirizzo endereco rua cep adres straat huisnummer ulica pocztowy adresa ulice psc"
    ),
    "secret": _words("auth authorization cookie pin signature"),
    "card": _words(
        "iban bic cvc cvv ssn passport bank cardholder dni cpf pesel bsn curp codicefiscale"
        " steuernummer sozialversicherungsnummer"
    ),
}
# A product, though not a form, can have these too: `product_gender`.
SHARED_WITH_GOODS: Mapping[str, frozenset[str]] = {
    "card": _words("card"),
    "name": _words("fullname displayname"),
    "profile": _words(
        "avatar photo picture twitter facebook linkedin instagram github gender sex religion"
        " ethnicity nationality bio website homepage"
    ),
}
# A person's only at the end of a key, before nothing but a word for a number or an id.
LAST: Mapping[str, str] = {
    **dict.fromkeys(_words("mobile cell handy movil mobiel"), "phone"),
    "login": "name",
}
# A person's only alone, or next to a word for a person or a form.
ALONE: Mapping[str, str] = {
    **dict.fromkeys(_words("direccion morada"), "address"),
    **dict.fromkeys(_words("pass passe"), "token"),
    "nombre": "name",
    "aniversario": "birth",
    "sid": "id",
}
NAMES = _words("name alias handle nom nome naam jmeno")
PARTS_OF_NAMES = _words("first last middle given family full")
DESCRIPTIONS = _words(
    "type count method status category kind size format length version model brand provider"
    " variant step page button banner consent position index enabled verified valid"
)

PEOPLE = _words(
    "user customer member person contact visitor subscriber patient student employee"
    " kunde kundin mitglied benutzer nutzer cliente utente usuario utilisateur klant"
    " gebruiker klient klienta klientka zakaznik zakaznicke uzivatel uzytkownik"
)
HOLDERS = PEOPLE | _words("client account device session profile lead")
# As the last word, whoever did or holds something.
AGENTS = _words(
    "owner author assignee holder creator approver reviewer signer signatory supervisor"
    " guardian spouse ansprechpartner kontoinhaber"
)
BY_AGENTS = frozenset(
    f"{verb}by"
    for verb in _words(
        "signed created invited referred updated approved assigned written owned posted uploaded"
        " modified submitted reviewed sent added edited requested booked"
    )
) | _words("assignedto sentto sharedwith")
LEADERS = _words("head manager lead director rep")
LED = _words("department team account sales project division office branch store group company")
# A name next to one of these is a person's, even where a thing is named as well.
PERSONAL = (
    (HOLDERS - {"session", "device"})
    | AGENTS
    | _words(
        "guest passenger traveler traveller driver rider host organizer organiser buyer seller"
        " payer purchaser beneficiary applicant candidate participant attendee friend child"
        " parent mother father doctor teacher instructor coach manager billing shipping delivery"
        " invoice middle given family maiden legal real completo completa envio facturacion"
    )
)
# Alone they hold names or say how many there are: `attendees`.
LISTED = PEOPLE | _words(
    "guest attendee participant passenger buyer applicant candidate doctor teacher instructor"
    " friend driver beneficiary invitee"
)
IDENTIFIERS = _words("id uid uuid guid number key ref hash")
NUMBERS = _words("no num nr code numero nummer numer cislo codice codigo")
INPUTS = _words("form field input step checkout screen")

GOODS = _words(
    "plan product campaign item variant category tag tier theme template song game course video"
    " article coupon sku brand produit producto produto prodotto produkt"
)
THINGS = GOODS | _words(
    "event page file list form button field role function class app browser os feature experiment"
    " segment section column widget component step goal type count level error screen route test"
    " method promotion promo creative content collection banner menu link filter tab modal offer"
    " bundle option module lesson topic articulo articolo categorie categoria campagne campana"
    " pagina evento evenement fichier archivo ad adgroup cta popup slide variation chapter quiz"
    " survey playlist album newsletter model hotel airport store shop currency"
)
# A form has a name, and a field for one: below these a bare `name` is taken for the field's.
NAMED_PARENTS = THINGS - {"form", "field", "role"}
# A short text under one of these, or about a thing, describes a group of visitors.
GROUPS = _words(
    "plan tier role status state cohort group stage tag lifecycle language lang locale country"
    " region currency timezone version source channel medium industry department size interest"
    " subscription interval billing license edition frequency platform vip beta trial paid active"
    " verified feature product segment campaign event page file item variant category theme app"
    " browser os experiment template section goal coupon brand type level song game course video"
    " article screen method button function class sku test"
)
# What a plan or a segment is known by, below its key.
LABELS = _words("name id title label slug code type value key")

_WITHOUT_PLURAL = _words("token secret cookie login otp photo picture pin")
SINGULARS = (
    frozenset()
    .union(*UNMISTAKABLE.values(), *USUAL.values(), *SHARED_WITH_GOODS.values())
    .union(NAMES, HOLDERS, LISTED, PERSONAL, IDENTIFIERS, THINGS, GROUPS, LED)
    - _WITHOUT_PLURAL
)
