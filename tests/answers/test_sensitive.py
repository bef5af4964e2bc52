"""Which keys are taken for a person's, and which for a thing's."""

from __future__ import annotations

import pytest

from rybbit_mcp.answers.sensitive import describes_group, kind_of_key


def keys(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("form.firstName", "name"),
        ("form.lastName", "name"),
        ("form.street", "address"),
        ("form.phone", "phone"),
        ("form_last_name", "name"),
        ("form_middle_name", "name"),
        ("step_full_name", "name"),
        ("checkout_step_phone", "phone"),
        ("field_birthday", "birth"),
        ("screenUsername", "name"),
        ("plan.phone", "phone"),
        ("app.address", "address"),
        ("form_gender", "profile"),
        ("product.birth_year", "birth"),
        ("list_card_number", "card"),
    ],
)
def test_a_thing_excuses_no_word_that_only_people_have(key: str, kind: str) -> None:
    assert kind_of_key(key, of_person=False) == kind
    assert kind_of_key(key, of_person=True) == kind


@pytest.mark.parametrize(
    "key",
    keys(
        """
        product_name plan-name productName product_short_name user_plan_name product.name
        products.name line_items.name user.plan.name page.name item_list_name promotion_name
        nom_produit product_handle product.name.en category_names event.name step.name
        screen_name role_name product_gender product.photo
        """
    ),
)
def test_a_thing_excuses_a_name_beside_or_below_it(key: str) -> None:
    assert kind_of_key(key, of_person=False) is None


@pytest.mark.parametrize(
    "key",
    keys(
        """
        user.name section.emergency_name owner.name plan.owner.name plan.owner_name
        product_owner_name plan.billing.name users.name product_passenger_name form.name
        role.name data.name user.first name.last names form.full_name event.data.name
        """
    ),
)
def test_a_name_of_a_person_stays_one_whatever_stands_around_it(key: str) -> None:
    assert kind_of_key(key, of_person=False) == "name"


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("customer.id", "id"),
        ("product.user_id", "id"),
        ("user.product.id", None),
        ("event_id", None),
        ("product.id", None),
        ("products.id", None),
        ("sid", "id"),
        ("customer_no", "id"),
        ("account.number", "id"),
        ("user.plan", None),
        ("users", None),
    ],
)
def test_an_id_belongs_to_the_word_beside_or_above_it(key: str, kind: str | None) -> None:
    assert kind_of_key(key, of_person=False) == kind


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("names", "name"),
        ("phones", "phone"),
        ("addresses", "address"),
        ("emails", "email"),
        ("cards", "card"),
        ("birthdays", "birth"),
        ("firstNames", "name"),
    ],
)
def test_a_plural_is_what_its_singular_is(key: str, kind: str) -> None:
    assert kind_of_key(key, of_person=False) == kind


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("owner", "name"),
        ("article_author", "name"),
        ("signed_by", "name"),
        ("assignee", "name"),
        ("assignedTo", "name"),
        ("department_head", "name"),
        ("role_holder", "name"),
        ("passcode", "token"),
        ("pass", "token"),
        ("access_key", "token"),
        ("user_pass", "token"),
        ("sort_by", None),
        ("isOwner", None),
        ("boarding_pass", None),
        ("page_head", None),
    ],
)
def test_who_did_or_holds_something_is_a_person(key: str, kind: str | None) -> None:
    assert kind_of_key(key, of_person=False) == kind


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("name", "vorname nachname prénom nom nom_de_famille nombre nombreCompleto apellidos"),
        ("name", "cognome nome sobrenome voornaam achternaam imię nazwisko jméno příjmení"),
        ("phone", "telefon Telefonnummer téléphone teléfono telefono telefone telefoon"),
        ("phone", "numer_telefonu móvil form_celular telemóvel handynummer"),
        ("address", "straße Strasse anschrift PLZ adresse calle código_postal dirección"),
        ("address", "indirizzo endereço rua adres straat ulica kod_pocztowy adresa PSČ"),
        ("birth", "geburtsdatum date_de_naissance fecha_nacimiento data_di_nascita"),
        ("birth", "data_nascimento geboortedatum data_urodzenia datum_narození"),
        ("id", "kundennummer Kunden-Nr numéro_client numero_cliente codice_cliente"),
        ("id", "klantnummer numer_klienta zákaznické_číslo kunde cliente"),
        ("token", "passwort mot_de_passe contraseña senha wachtwoord hasło heslo"),
    ],
)
def test_common_words_of_other_languages_are_known(kind: str, keys: str) -> None:
    assert {key: kind_of_key(key, of_person=False) for key in keys.split()} == dict.fromkeys(
        keys.split(), kind
    )


@pytest.mark.parametrize(
    "key",
    keys(
        """
        plan price quantity product_name product_id sku category query variant currency
        coupon page_name step_name form_name form_id button_text error_code status method
        size color brand total item_name item_id item_category list_name search_term
        order_value nombre_articles nombreDeItems direccion_orden nazwa prompt_tokens
        card_type login_method mobile_menu phone_model address_type phone.type cookies
        page_title author_count new_customer placeHolder product_card payment_method
        shipping_method shipping_tier feature_name experiment_id first last full client
        tokens zip_code_valid checkout_step step.number event screen.name component.name
        value label index os news via cap state language event_name section_name seats
        logins
        """
    ),
)
def test_an_ordinary_property_is_no_persons(key: str) -> None:
    assert kind_of_key(key, of_person=False) is None


def test_an_invisible_or_wide_character_hides_no_word() -> None:
    assert kind_of_key("last\u200bName", of_person=False) == "name"
    assert kind_of_key("pass\u00adco\u00adde", of_person=False) == "token"
    assert kind_of_key("ｐｈｏｎｅ", of_person=False) == "phone"


@pytest.mark.parametrize(
    ("key", "is_group"),
    [
        ("plan", True),
        ("customer_segment", True),
        ("subscription.plan", True),
        ("plan.name", True),
        ("plan.id", True),
        ("features", True),
        ("member_list", False),
        ("department_head", False),
        ("role_holder", False),
        ("plan.owner", False),
        ("segments.n", False),
        ("", False),
    ],
)
def test_a_trait_is_a_groups_by_its_own_words(key: str, is_group: bool) -> None:
    assert describes_group(key) == is_group
