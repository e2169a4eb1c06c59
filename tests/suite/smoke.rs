demarche_tests::suite! {
    async fn sample_loads(world) {
        world.load_sample().await;
        let reader = world.reader().await;
        println!("{:#}", reader.data("{ dossier(slug:\"us-mexico-cartel-strikes\") { title mechanisms(first: 3) { totalCount nodes { name support { mean stronglyOppose } status { status } positions(first: 2) { totalCount nodes { stance stakeholder { name } arguments { frame } } } conditions { findings { verdict } } parties { role stakeholder { slug } } } } standings(first:2){ totalCount nodes { stance stakeholder{slug} mechanism{slug} } } } search(query:\"mexico\") { totalCount nodes { title node { id __typename } } } }").await);
    }
}
