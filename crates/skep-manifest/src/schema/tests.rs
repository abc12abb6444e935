use super::*;

#[test]
fn a_choice_is_one_object_with_all_its_keys() {
    let authentication = definition("Authentication");
    let keys: Vec<_> = authentication["properties"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(keys, ["cluster", "hmac", "none", "simple"]);
    assert_eq!(authentication["oneOf"][0], json!({"required": ["none"]}));
    assert_eq!(authentication["additionalProperties"], json!(false));
}

#[test]
fn a_union_is_told_apart_by_the_key_that_only_one_of_its_branches_has() {
    let member = definition("Member");
    assert_eq!(
        member["oneOf"],
        json!([{"required": ["node"]}, {"required": ["external"]}])
    );
    assert_eq!(
        member["allOf"][1]["then"],
        json!({"$ref": "#/definitions/ExternalMember"})
    );
}

#[test]
fn every_field_is_described() {
    for (name, definition) in all_definitions() {
        assert!(
            definition["description"].is_string(),
            "{name} has no description"
        );
        for (field, schema) in definition["properties"].as_object().into_iter().flatten() {
            assert!(
                schema["description"].is_string(),
                "{name}.{field} has no description"
            );
        }
    }
}

#[test]
fn a_kind_has_all_the_definitions_it_refers_to_and_no_others() {
    let secret = kind_schema(Kind::Secret);
    let names: Vec<_> = secret["definitions"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert!(names.contains(&"ValueSource".to_owned()), "{names:?}");
    assert!(!names.contains(&"Member".to_owned()), "{names:?}");
}
